# The broker: accepts reports durably, answers queries, serves subscriptions.
#
# Build from the workspace's root, after `npx nx run broker:bundle`:
#   docker build -f docker/broker.Dockerfile -t ringwatch-broker .
#
# The bundle carries lmdb's native library for the platform it was made on: build image and bundle on the same one.
# Run it with an init as process 1 (`docker run --init`, `init: true`): on a failed sync the broker ends itself by
# SIGKILL, which Linux does not deliver to process 1 from inside.
FROM node:24.21.0-trixie-slim

RUN install -d -o node -g node /var/lib/ringwatch
WORKDIR /app
COPY --chown=root:root apps/broker/bundle/ ./

ENV NODE_ENV=production \
    RINGWATCH_LISTEN=0.0.0.0 \
    RINGWATCH_HTTP_PORT=7101 \
    RINGWATCH_GRPC_PORT=7102 \
    RINGWATCH_DATA_DIR=/var/lib/ringwatch
VOLUME /var/lib/ringwatch
EXPOSE 7101 7102
USER node

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.RINGWATCH_HTTP_PORT + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "main.js"]
