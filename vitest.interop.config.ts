import { defineConfig } from 'vitest/config'

/** Strangers: kcat, kafkajs and Apache Kafka. Run by `scripts/interop.mjs`, which installs them. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Each file starts servers of its own; on two cores they would only disturb each other's times.
    fileParallelism: false,
  },
})
