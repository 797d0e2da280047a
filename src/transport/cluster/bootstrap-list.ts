import { StreamBusError } from '../../domain/errors.js'
import type { Address } from '../tcp/address.js'

const DEFAULT_PORT = 9092

/**
 * Reads `brokers`: `host`, `host:port`, `[ipv6]` or `[ipv6]:port`, port 9092 by default, each
 * address once. Throws INVALID_CONFIG naming `brokers[i]`.
 */
export const parseBootstrapList = (brokers: readonly string[]): readonly Address[] => {
  if (!Array.isArray(brokers) || brokers.length === 0) {
    throw invalid('brokers', 'must name at least one broker, for example localhost:9092')
  }
  const addresses = brokers.map((text, index) => parseAddress(text, `brokers[${index}]`))
  return addresses.filter(
    ({ host, port }, index) =>
      addresses.findIndex((other) => other.host === host && other.port === port) === index,
  )
}

const parseAddress = (text: unknown, field: string): Address => {
  if (typeof text !== 'string') throw invalid(field, `must be a string, got ${typeof text}`)
  const trimmed = text.trim()
  const bracketed = /^\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\](?::(.*))?$/.exec(trimmed)
  const plain = /^([^\s:[\]/,]+)(?::([^:/,]*))?$/.exec(trimmed)
  const [, host, port] = bracketed ?? plain ?? []
  if (host === undefined) throw invalid(field, explain(trimmed))
  return { host, port: port === undefined ? DEFAULT_PORT : parsePort(port, field, trimmed) }
}

const explain = (text: string): string => {
  const shown = JSON.stringify(text)
  if (text === '') return 'is empty: write host:port'
  if (text.includes('://')) return `is ${shown}: write host:port without a scheme`
  if (text.includes(',')) return `is ${shown}: give each broker as an item of its own`
  if (text.split(':').length > 2) return `is ${shown}: write an IPv6 address in brackets`
  return `is ${shown}: write host:port`
}

const parsePort = (port: string, field: string, text: string): number => {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0
  if (number >= 1 && number <= 65_535) return number
  throw invalid(field, `is ${JSON.stringify(text)}: the port must be a number from 1 to 65535`)
}

const invalid = (field: string, why: string): StreamBusError =>
  new StreamBusError('INVALID_CONFIG', `${field} ${why}`, { field })
