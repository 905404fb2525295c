/**
 * The embedded store at `/v1/kv/*`, so that brokers and gateways follow it as they would follow Consul.
 *
 * It is a scope of its own beside Nest's routes: values are bytes whatever their content type says, and a
 * blocking query ends when its client goes away or the process stops.
 */
import { handleKvRequest, KV_PATH, type EmbeddedKv } from '@ringwatch/consul-client';
import type { FastifyInstance } from 'fastify';

/** Adds the door to `fastify`. */
export async function mountKv(
  fastify: FastifyInstance,
  kv: EmbeddedKv,
  stopping: AbortSignal,
): Promise<void> {
  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.route({
      method: ['GET', 'PUT', 'DELETE'],
      url: `${KV_PATH}*`,
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const [path = '', query = ''] = (request.raw.url ?? '').split('?', 2);
        const answer = await handleKvRequest(kv, {
          method: request.method,
          path,
          query: new URLSearchParams(query),
          signal: AbortSignal.any([gone.signal, stopping]),
          ...(Buffer.isBuffer(request.body) ? { body: request.body } : {}),
        });
        return reply.status(answer.status).headers(answer.headers).send(answer.body);
      },
    });
  });
}
