/** How every ONNX session of Looma is opened. Only child processes import this: `run` blocks the thread it is called on. */
import { InferenceSession } from 'onnxruntime-node'

/**
 * One thread each: a host per core with one thread gave 1.35 times the throughput of one session with two. Spinning is off because API and
 * hosts share the cores. Denormals are flushed because masked softmax makes them, which let a half-filled batch run slower than a full one.
 */
export const openOnnx = (path: string): Promise<InferenceSession> =>
  InferenceSession.create(path, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Memory patterns are planned per shape, and the shapes of packed batches and of text lines hardly repeat.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: '1', intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  })
