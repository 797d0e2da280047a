export interface Address {
  readonly host: string
  readonly port: number
}

/** `host:port`, an IPv6 host in brackets. */
export const formatAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export const sameAddress = (a: Address, b: Address): boolean =>
  a.host === b.host && a.port === b.port
