import { describe, expect, test } from 'bun:test'
import { DEFAULT_MEMORY_THRESHOLD_MIB, isInUse, memoryInUseMiB } from '../../src/core/usage.ts'
import { busy } from '../helpers/pools.ts'

const proc = (memoryMiB: number | null) => ({ pid: 1, name: 'python3', memoryMiB })

describe('isInUse', () => {
  test.each([
    ['nothing on it', busy(0), false],
    ['memory just at the threshold', busy(100), false],
    ['memory just above the threshold', busy(101), true],
    ['a process without memory', busy(0, 4711), true],
    ['a process, memory unknown', busy(null, 4711), true],
    ['memory unknown and no process: the processes decide', busy(null), false],
    ['memory unknown, known for its process', { memoryUsedMiB: null, processes: [proc(5)] }, true],
  ])('%s', (_, gpu, inUse) => {
    expect(isInUse(gpu, 100)).toBe(inUse)
  })

  test('takes any use of memory as use when the threshold is 0', () => {
    expect([isInUse(busy(0), 0), isInUse(busy(1), 0)]).toEqual([false, true])
  })

  test('has a default threshold of 100 MiB', () => {
    expect(DEFAULT_MEMORY_THRESHOLD_MIB).toBe(100)
  })
})

describe('memoryInUseMiB', () => {
  test.each([
    ['the count of the GPU', busy(45), 45],
    ['zero as zero', busy(0), 0],
    [
      'the count of the GPU, whatever its processes say',
      { memoryUsedMiB: 7, processes: [proc(3), proc(9)] },
      7,
    ],
    ['else the sum over its processes', { memoryUsedMiB: null, processes: [proc(3), proc(9)] }, 12],
    ['of them those that are known', { memoryUsedMiB: null, processes: [proc(null), proc(9)] }, 9],
    ['nothing when no process tells', { memoryUsedMiB: null, processes: [proc(null)] }, null],
    ['nothing when there is no process', busy(null), null],
  ])('is %s', (_, gpu, memoryMiB) => {
    expect(memoryInUseMiB(gpu)).toBe(memoryMiB)
  })
})
