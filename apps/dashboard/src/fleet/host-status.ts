/** The worst first, as people look for them. */
export const HOST_STATUSES = ['offline', 'late', 'unknown', 'online'] as const;

/**
 * By how much a host missed its interval; the same rule as the brokers'. `unknown` while the page itself
 * hears nothing: a lost connection says nothing about hosts.
 */
export type HostStatus = (typeof HOST_STATUSES)[number];
