import type { Runtime } from '../../runtime/runtime.js'
import type { ProcessRecorder, TraceRecorder } from '../../runtime/trace-recorder.js'
import type { Party } from '../network/stream.js'
import { Gate } from '../time/gate.js'
import type { VirtualTime } from '../time/virtual-time.js'

/** One run of a client's process, on a host that outlives it. */
export class SimulatedProcess {
  readonly party: Party
  readonly gate: Gate
  readonly runtime: Runtime
  readonly recorder: ProcessRecorder
  readonly random: () => number

  constructor(time: VirtualTime, trace: TraceRecorder, host: string, run: number) {
    const name = `${host}.${run}`
    this.gate = new Gate(name)
    this.party = { host, name, gate: this.gate }
    this.random = time.randomFor(`process/${name}`)
    this.runtime = time.runtimeOf(this.gate, time.randomFor(`runtime/${name}`))
    this.recorder = trace.process(name)
  }

  get name(): string {
    return this.party.name
  }

  get isAlive(): boolean {
    return this.gate.state !== 'shut'
  }
}
