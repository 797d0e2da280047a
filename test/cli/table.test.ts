import { describe, expect, it } from 'vitest'
import { table } from '../../src/cli/table.js'

describe('table', () => {
  it('aligns columns, numbers to the right, unknown as a dash, no blanks at line ends', () => {
    expect(
      table(
        ['TOPIC', 'PARTITION', 'LAG', 'NOTE'],
        [
          ['events', 0, 12345, 'x'],
          ['a-much-longer-name', 10, null, ''],
        ],
      ),
    ).toBe(
      [
        'TOPIC               PARTITION    LAG  NOTE\n',
        'events                      0  12345  x\n',
        'a-much-longer-name         10      -\n',
      ].join(''),
    )
  })

  it('without rows is its head', () => {
    expect(table(['TOPIC', 'PARTITIONS'], [])).toBe('TOPIC  PARTITIONS\n')
  })
})
