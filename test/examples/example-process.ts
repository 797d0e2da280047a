import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const WAIT_MS = 25_000

/** Everything printed by the processes of one test, and a way to wait for it. */
export class Stage {
  readonly #root: string
  readonly #waiting = new Set<() => void>()
  readonly #processes: ExampleProcess[] = []

  constructor(root: string) {
    this.#root = root
  }

  start(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, args, {
      cwd: this.#root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const started = new ExampleProcess(name, child, () => this.#changed())
    this.#processes.push(started)
    return started
  }

  /** `node scripts/example.mjs NAME ...`, which is what `npm run example` ends in. */
  example(name: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    return this.start(name, ['scripts/example.mjs', name, ...args], env)
  }

  /** Resolves when the condition holds after something was printed or a process ended. */
  until(what: string, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!condition()) return
        clearTimeout(timer)
        this.#waiting.delete(check)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(check)
        const tails = this.#processes.map((each) => each.tail()).join('\n')
        reject(new Error(`not within ${WAIT_MS} ms: ${what}\n${tails}`))
      }, WAIT_MS)
      this.#waiting.add(check)
      check()
    })
  }

  /** Ends what the test has left running. */
  clear(): void {
    for (const { child } of this.#processes) child.kill('SIGKILL')
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check()
  }
}

export class ExampleProcess {
  readonly name: string
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly errors: string[] = []
  hasEnded = false

  constructor(name: string, child: ChildProcess, onChange: () => void) {
    this.name = name
    this.child = child
    for (const [stream, lines] of [
      [child.stdout!, this.lines],
      [child.stderr!, this.errors],
    ] as const) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        onChange()
      })
    }
    child.once('close', () => {
      this.hasEnded = true
      onChange()
    })
  }

  get exitCode(): number | null {
    return this.child.exitCode
  }

  has(text: string): boolean {
    return this.lines.some((line) => line.includes(text))
  }

  /** For the message of a test that failed. */
  tail(): string {
    const last = [...this.lines.slice(-8), ...this.errors.slice(-4)].map((line) => `    ${line}`)
    return [`  ${this.name} (exit ${this.exitCode}):`, ...last].join('\n')
  }
}
