/**
 * Serves the built page: its files, and the page itself for every address that is a view of it.
 *
 * 1. The page may load nothing but its own files and speak to nobody but this gateway (CSP); it has neither
 *    inline scripts nor inline styles.
 * 2. Files with a hash in their name are kept for ever, the page itself is asked for each time.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const HASHED_MAX_AGE = 'public, max-age=31536000, immutable';

/** Views that the page draws itself. */
const VIEWS = ['/', '/hosts/*'];

/** True when `dashboardDir` holds a built page. */
export function hasPage(dashboardDir: string): boolean {
  return existsSync(join(dashboardDir, 'index.html'));
}

/** Headers that every answer of the gateway carries; routes for the page when there is one. */
export async function openPageDoor(fastify: FastifyInstance, dashboardDir: string): Promise<void> {
  fastify.addHook('onSend', async (_request, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    const type = String(reply.getHeader('content-type') ?? '');
    if (type.startsWith('text/html')) void reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
  });
  if (!hasPage(dashboardDir)) return;
  await fastify.register(fastifyStatic, {
    root: dashboardDir,
    wildcard: false,
    index: false,
    cacheControl: false,
    setHeaders: (reply, path) => void reply.header('cache-control', cacheOf(path)),
  });
  for (const view of VIEWS)
    fastify.get(view, (_request, reply: FastifyReply) => reply.sendFile('index.html'));
}

function cacheOf(path: string): string {
  return path.includes('/assets/') ? HASHED_MAX_AGE : 'no-cache';
}
