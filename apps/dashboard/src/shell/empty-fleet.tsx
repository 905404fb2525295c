import type { JSX } from 'preact';
import { RingMark } from './ring-mark.tsx';

/** No host has ever reported: how to change that. */
export function EmptyFleet(): JSX.Element {
  return (
    <main class="page centred">
      <section class="card empty">
        <RingMark size={56} />
        <h1>No host reports yet</h1>
        <p>Start an agent on a host, and it appears here within a second.</p>
        <Snippet title="The agent on this machine" text="npx nx run agent:serve" />
        <Snippet title="Or send a report yourself" text={curl()} />
        <p class="muted">This page updates by itself.</p>
      </section>
    </main>
  );
}

function Snippet({ title, text }: { title: string; text: string }): JSX.Element {
  return (
    <figure class="snippet">
      <figcaption>{title}</figcaption>
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}

/** A report by hand to a broker at its usual port. */
function curl(): string {
  const report = '{"hostId":"web-1","timestamp":\'$(date +%s)\',"metrics":{"load1":0.5}}';
  const url = `http://${location.hostname}:7101/api/v1/reports`;
  return `curl ${url} \\\n  -H 'content-type: application/json' \\\n  -d '${report}'`;
}
