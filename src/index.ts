export type { Admin } from './admin/admin.js'
export type { GroupDescription, GroupSummary, MemberDescription } from './admin/groups.js'
export type { GroupOffset, ResetOffset, ResetOptions } from './admin/offsets.js'
export type { NewTopic, TopicDescription, TopicSummary } from './admin/topics.js'
export type { Assignor, AssignorInput, AssignorMember } from './assignors/index.js'
export { Bus, type ConnectOptions, connect } from './connect.js'
export type {
  ConsumerOptions,
  OffsetReset,
  PartitionsCallback,
} from './consumer/config.js'
export type {
  CloseOptions,
  Consumer,
  PollOptions,
} from './consumer/consumer.js'
export type { RecordsOptions } from './consumer/iteration.js'
export type { SeekTarget } from './consumer/look-ups.js'
export type { ConsumerRecords } from './consumer/records.js'
export type { ConsumerStats, PartitionStats } from './consumer/stats.js'
export { type ErrorAddress, type ErrorCode, StreamBusError } from './domain/errors.js'
export type { MemberState } from './domain/membership.js'
export type { ConsumerRecord, Header, ProducerRecord } from './domain/record.js'
export type { TopicPartition, TopicPartitionOffset } from './domain/topic-partition.js'
export type { ProducerOptions } from './producer/config.js'
export type { Partitioner } from './producer/partitioner.js'
export type { Producer, ProducerStats } from './producer/producer.js'
export type { SentRecord } from './producer/send-call.js'
export type { Inspector } from './runtime/runtime.js'
