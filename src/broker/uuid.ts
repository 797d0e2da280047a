/**
 * A random (version 4) uuid in Kafka's form, base64url. None starts with a dash, which command
 * lines would take for an option (Kafka's Uuid.randomUuid).
 */
export const randomUuid = (random: () => number): string => {
  for (;;) {
    const bytes = Buffer.alloc(16)
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const text = bytes.toString('base64url')
    if (!text.startsWith('-')) return text
  }
}
