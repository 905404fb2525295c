/** Questions to the gateway's REST door that the page asks besides the push. */
import { metricName } from '@ringwatch/metrics';

/** A refusal as the gateway words it (RFC 9457), or what stands in for one when nobody answered. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly traceId: string | undefined,
  ) {
    super(`${title}: ${detail}`);
  }
}

/** Reports as the gateway answers them. */
export interface MetricsPage {
  readonly reports: readonly {
    readonly timestamp: number;
    readonly metrics: Readonly<Record<string, number>>;
  }[];
  readonly nextStart?: number;
  readonly partial: boolean;
  readonly missing: readonly string[];
}

const NOT_FOUND = 404;

/** Whether any host of this name has reported. @throws {Problem} when nobody can say */
export async function isKnownHost(hostId: string, signal: AbortSignal): Promise<boolean> {
  try {
    await getJson<unknown>(`/api/v1/hosts/${encodeURIComponent(hostId)}`, signal);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.status === NOT_FOUND) return false;
    throw error;
  }
}

interface LatestPage {
  readonly reports: readonly { readonly metrics: Readonly<Record<string, number>> }[];
}

/** One page of a host's reports of [start, end), Unix seconds, oldest first. @throws {Problem} */
export function getMetrics(
  hostId: string,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<MetricsPage> {
  const query = new URLSearchParams({ host: hostId, start: String(start), end: String(end) });
  return getJson<MetricsPage>(`/api/v1/metrics?${query.toString()}`, signal);
}

/** Hosts asked for the names of their metrics. */
const NAMES_FROM_HOSTS = 20;

/** Names of metrics that the first hosts report, sorted. @throws {Problem} */
export async function knownMetricNames(signal: AbortSignal): Promise<readonly string[]> {
  const { reports } = await getJson<LatestPage>(`/api/v1/latest?limit=${NAMES_FROM_HOSTS}`, signal);
  const names = reports.flatMap(({ metrics }) => Object.keys(metrics).map(metricName));
  return [...new Set(names)].sort();
}

async function getJson<T>(path: string, signal: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { signal, headers: { accept: 'application/json' } });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Problem(0, 'The gateway does not answer', String(error), undefined);
  }
  if (response.ok) return (await response.json()) as T;
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as Partial<
    Record<'title' | 'detail' | 'traceId', string>
  >;
  const { title = `HTTP ${response.status}`, detail = response.statusText, traceId } = body;
  return new Problem(response.status, title, detail, traceId);
}
