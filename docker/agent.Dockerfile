# The agent: measures and reports to the brokers.
#
# Build from the workspace's root, after `npx nx run agent:bundle`:
#   docker build -f docker/agent.Dockerfile -t ringwatch-agent .
#
# /proc in a container shows the machine's CPU, memory and disks, but the container's own network, mounts and host name.
# To watch a machine rather than a container, run the agent's bundle on it directly.
FROM node:24.21.0-trixie-slim

RUN install -d -o node -g node /var/lib/ringwatch
WORKDIR /app
COPY --chown=root:root apps/agent/bundle/ ./

ENV NODE_ENV=production \
    RINGWATCH_LISTEN=0.0.0.0 \
    RINGWATCH_HTTP_PORT=7401 \
    RINGWATCH_DATA_DIR=/var/lib/ringwatch
VOLUME /var/lib/ringwatch
EXPOSE 7401
USER node

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.RINGWATCH_HTTP_PORT + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "main.js"]
