// Installs what the tests against strangers need, each part only when it is missing, and runs them:
//   node scripts/interop.mjs [--only-install] [arguments for vitest]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const pomFile = join(root, 'test', 'interop', 'fixtures', 'pom.xml')

const say = (line) => console.log(`interop: ${line}`)

const fail = (line) => {
  console.error(`interop: ${line}`)
  process.exit(1)
}

/** The command's whole output, or undefined when it is not there or fails. */
const output = (command, args) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout + stderr : undefined
}

const timed = (what, work) => {
  const startedAt = performance.now()
  say(`${what} ...`)
  work()
  say(`${what}: done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}

const mustRun = (command, args, hint) => {
  const { status, error } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (error !== undefined || status !== 0) {
    const reason = error?.message ?? `exit code ${status}`
    fail(`"${command} ${args.join(' ')}" failed (${reason}): ${hint}`)
  }
}

let listsAreFresh = false
const installPackage = (name) => {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const hint = `install "${name}" yourself, then run this again`
  const apt = (...args) => {
    const [command, ...rest] = [...asRoot, 'apt-get', ...args]
    mustRun(command, rest, hint)
  }
  timed(`installing ${name}`, () => {
    if (!listsAreFresh) apt('update', '-qq')
    listsAreFresh = true
    apt('install', '-y', '-qq', '--no-install-recommends', name)
  })
}

const need = (what, found, packageName) => {
  if (!found()) installPackage(packageName)
  if (!found()) fail(`${what} is still missing after installing ${packageName}`)
  say(`${what}: ${found()}`)
}

const kcatVersion = () => output('kcat', ['-V'])?.match(/Version (\S+)/)?.[1]

const javaVersion = () => {
  const version = output('java', ['-version'])?.match(/version "(\d+)[^"]*"/)
  return version && Number(version[1]) >= 17 ? version[0].slice(9, -1) : undefined
}

const mavenVersion = () => output('mvn', ['-B', '-v'])?.match(/Apache Maven (\S+)/)?.[1]

/** Resolves Kafka's jars once; the pom kept beside them tells whether they are still the right ones. */
const needKafka = () => {
  const pom = readFileSync(pomFile, 'utf8')
  const version = pom.match(/<kafka\.version>([^<]+)</)?.[1]
  if (version === undefined) fail(`${pomFile} names no <kafka.version>`)
  const jars = join(root, '.cache', 'kafka', version)
  const marker = join(jars, 'pom.xml')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === pom) {
    say(`Apache Kafka: ${version}`)
    return
  }
  timed(`fetching Apache Kafka ${version} with Maven`, () => {
    const partial = `${jars}.partial`
    rmSync(partial, { recursive: true, force: true })
    mkdirSync(dirname(jars), { recursive: true })
    const goal = 'dependency:copy-dependencies'
    const options = [`-DoutputDirectory=${partial}`, '-DincludeScope=runtime']
    const hint = 'is a Maven repository reachable?'
    mustRun('mvn', ['-B', '-q', '-f', pomFile, goal, ...options], hint)
    rmSync(jars, { recursive: true, force: true })
    renameSync(partial, jars)
    writeFileSync(marker, pom)
  })
}

const args = process.argv.slice(2)
const onlyInstall = args.includes('--only-install')

need('kcat', kcatVersion, 'kcat')
need('Java', javaVersion, 'default-jdk-headless')
need('Maven', mavenVersion, 'maven')
needKafka()

if (!onlyInstall) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const command = [vitest, 'run', '-c', join(root, 'vitest.interop.config.ts'), ...args]
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit', cwd: root })
  process.exit(status ?? 1)
}
