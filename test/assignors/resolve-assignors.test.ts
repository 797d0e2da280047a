import { describe, expect, it } from 'vitest'
import type { Assignor } from '../../src/assignors/index.js'
import { rebalanceProtocolOf, resolveAssignors } from '../../src/assignors/index.js'
import { StreamBusError } from '../../src/domain/errors.js'

const own: Assignor = { name: 'mine', rebalanceProtocol: 'cooperative', assign: () => new Map() }

const refusal = (strategy: unknown): StreamBusError => {
  try {
    resolveAssignors(strategy as string)
  } catch (error) {
    if (error instanceof StreamBusError) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('resolveAssignors', () => {
  it('knows its names, and keeps the order of preference', () => {
    const names = ['cooperative-sticky', 'range', 'roundrobin', 'sticky', 'RoundRobinAssigner']
    expect(resolveAssignors(names).map(({ name }) => name)).toEqual(names)
    expect(resolveAssignors('sticky').map(({ name }) => name)).toEqual(['sticky'])
  })

  it('takes an assignor of the user', () => {
    expect(resolveAssignors(own)).toEqual([own])
    expect(resolveAssignors([own, 'range']).map(({ name }) => name)).toEqual(['mine', 'range'])
  })

  it.each([
    ['an unknown name', 'Range', /"Range".*'range', 'roundrobin', 'sticky', 'cooperative-sticky'/],
    ['an inherited name', 'toString', /"toString"/],
    ['an empty list', [], /empty/],
    ['a name twice', ['range', 'range'], /'range' is given twice/],
    ['a name of ours and of the user', ['mine', own, own], /mine/],
    ['nothing', undefined, /give a name/],
    ['a list with nothing', [null], /give a name/],
    ['an assignor without a function', { ...own, assign: 1 }, /assign function/],
    ['an assignor without a name', { ...own, name: '' }, /give a name/],
    ['an unknown protocol', { ...own, rebalanceProtocol: 'lazy' }, /rebalanceProtocol of 'mine'/],
  ])('refuses %s', (_, strategy, message) => {
    const error = refusal(strategy)
    expect(error.code).toBe('INVALID_CONFIG')
    expect(error.address.field).toBe('assignmentStrategy')
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('\n')
  })
})

describe('rebalanceProtocolOf', () => {
  it.each([
    ['range', 'eager'],
    ['cooperative-sticky', 'cooperative'],
    [['cooperative-sticky', own], 'cooperative'],
    [['cooperative-sticky', 'sticky'], 'eager'],
    [['range', 'cooperative-sticky'], 'eager'],
  ])('%s: %s', (strategy, expected) => {
    expect(rebalanceProtocolOf(resolveAssignors(strategy))).toBe(expected)
  })
})
