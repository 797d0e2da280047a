export const GROUP = 'group'

export const topicName = (index: number): string => `topic-${index}`
export const memberHost = (index: number): string => `member-${index}`
