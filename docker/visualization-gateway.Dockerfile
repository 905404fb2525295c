# The visualization gateway: REST, live push and the page.
#
# Build from the workspace's root, after `npx nx run visualization-gateway:bundle`:
#   docker build -f docker/visualization-gateway.Dockerfile -t ringwatch-visualization-gateway .
FROM node:24.21.0-trixie-slim

RUN install -d -o node -g node /var/lib/ringwatch
WORKDIR /app
COPY --chown=root:root apps/visualization-gateway/bundle/ ./

ENV NODE_ENV=production \
    RINGWATCH_LISTEN=0.0.0.0 \
    RINGWATCH_HTTP_PORT=7301 \
    RINGWATCH_DATA_DIR=/var/lib/ringwatch
VOLUME /var/lib/ringwatch
EXPOSE 7301
USER node

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.RINGWATCH_HTTP_PORT + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "main.js"]
