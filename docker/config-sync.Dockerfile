# config-sync: writes configuration to Consul and its fast copy in Redis.
#
# Build from the workspace's root, after `npx nx run config-sync:bundle`:
#   docker build -f docker/config-sync.Dockerfile -t ringwatch-config-sync .
FROM node:24.21.0-trixie-slim

RUN install -d -o node -g node /var/lib/ringwatch
WORKDIR /app
COPY --chown=root:root apps/config-sync/bundle/ ./

ENV NODE_ENV=production \
    RINGWATCH_LISTEN=0.0.0.0 \
    RINGWATCH_HTTP_PORT=7201 \
    RINGWATCH_GRPC_PORT=7202 \
    RINGWATCH_DATA_DIR=/var/lib/ringwatch
VOLUME /var/lib/ringwatch
EXPOSE 7201 7202
USER node

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.RINGWATCH_HTTP_PORT + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "main.js"]
