import type { BrokerConfig } from './config.js'

/** What a topic's configuration comes down to for the broker. */
export interface TopicSettings {
  readonly logAppendTime: boolean
  readonly maxMessageBytes: number
}

interface ConfigRule {
  readonly defaultValue: (config: BrokerConfig) => string
  /** What is wrong with a value, or undefined. */
  readonly problem: (value: string) => string | undefined
}

const oneOf =
  (values: readonly string[], why = '') =>
  (value: string): string | undefined =>
    values.includes(value) ? undefined : `it must be ${values.join(' or ')}${why}`

const keptForEver = ': the embedded broker keeps records until their topic is deleted'

/**
 * The topic configurations of the embedded broker. A value that it would not honour is refused
 * rather than stored and ignored: with `retention.ms=1000` a user would wait for a deletion that
 * never comes. Hence one legal value where Kafka has more.
 */
const rules: Readonly<Record<string, ConfigRule>> = {
  'cleanup.policy': {
    defaultValue: () => 'delete',
    problem: oneOf(['delete'], ': the embedded broker does not compact'),
  },
  'compression.type': {
    defaultValue: () => 'producer',
    problem: oneOf(['producer'], ': the embedded broker keeps batches as they came'),
  },
  'max.message.bytes': {
    defaultValue: (config) => String(config.maxMessageBytes),
    problem: (value) =>
      /^\d{1,10}$/.test(value) && Number(value) <= 2_147_483_647
        ? undefined
        : 'it must be an integer from 0 to 2147483647',
  },
  'message.timestamp.type': {
    defaultValue: () => 'CreateTime',
    problem: oneOf(['CreateTime', 'LogAppendTime']),
  },
  'min.insync.replicas': {
    defaultValue: () => '1',
    problem: oneOf(['1'], ': the embedded broker is a single node'),
  },
  'retention.bytes': { defaultValue: () => '-1', problem: oneOf(['-1'], keptForEver) },
  'retention.ms': { defaultValue: () => '-1', problem: oneOf(['-1'], keptForEver) },
}

/** What is wrong with a topic configuration, as one line; undefined when nothing is. */
export const topicConfigProblem = (name: string, value: string | null): string | undefined => {
  if (!Object.hasOwn(rules, name)) {
    const known = Object.keys(rules).join(', ')
    return `unknown topic config name: ${name} (the embedded broker knows ${known})`
  }
  if (value === null) return `topic config ${name} has no value`
  const problem = rules[name]!.problem(value)
  return problem === undefined ? undefined : `topic config ${name}=${value}: ${problem}`
}

export interface TopicConfigEntry {
  readonly name: string
  readonly value: string
  readonly isDefault: boolean
}

/** All configurations of a topic with their values in force, by name. */
export const effectiveTopicConfigs = (
  given: Readonly<Record<string, string>>,
  config: BrokerConfig,
): TopicConfigEntry[] =>
  Object.entries(rules).map(([name, rule]) => ({
    name,
    value: given[name] ?? rule.defaultValue(config),
    isDefault: given[name] === undefined,
  }))

export const topicSettings = (
  given: Readonly<Record<string, string>>,
  config: BrokerConfig,
): TopicSettings => ({
  logAppendTime: given['message.timestamp.type'] === 'LogAppendTime',
  maxMessageBytes: Number(given['max.message.bytes'] ?? config.maxMessageBytes),
})

/** Kafka's rules (Topic.validate), as one line; undefined when the name is legal. */
export const topicNameProblem = (name: string): string | undefined => {
  if (name.length === 0) return 'a topic name cannot be empty'
  if (name === '.' || name === '..') return `a topic cannot be named '${name}'`
  if (name.length > 249) return `a topic name has at most 249 characters, not ${name.length}`
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return undefined
  return 'a topic name has only ASCII letters, digits, dots, underscores and dashes'
}

/**
 * Kafka refuses two topics that differ only in dots and underscores, because its metrics cannot
 * tell them apart. So do we: what works here must work there.
 */
export const collisionKey = (name: string): string => name.replaceAll('.', '_')
