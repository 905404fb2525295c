import { startEtcd, type Missing } from '../../../../tools/services/index.mjs';
import type { PutCluster } from './put-cluster.ts';

/** etcd's defaults, which are ours too. */
const TIMING = { heartbeatMs: 100, electionMs: 1_000 };

/** What etcd's gateway says of a member; ids are numbers of 64 bits as text. */
interface MemberStatus {
  readonly header: { readonly member_id: string };
  readonly leader: string;
  readonly version: string;
}

/** Three members of a real etcd. Clients go to the leader: by way of others a put would cost more. */
export async function startEtcdCluster(): Promise<PutCluster | Missing> {
  const etcd = await startEtcd(TIMING);
  if (etcd.reason !== undefined) return etcd;
  const { members, stop } = etcd;
  const leads = new Map<string, boolean>();
  for (const { url } of members) {
    const answer = await fetch(`${url}/v3/maintenance/status`, { method: 'POST', body: '{}' });
    const { header, leader } = (await answer.json()) as MemberStatus;
    leads.set(new URL(url).host, header.member_id === leader);
  }
  const addresses = [...leads.keys()].toSorted((a, b) => Number(leads.get(b)) - Number(leads.get(a)));
  return {
    addresses: addresses as [string, ...string[]],
    pids: members.map(({ pid }) => pid),
    stop,
  };
}
