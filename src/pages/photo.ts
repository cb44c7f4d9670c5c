/** Image files as pages. */
import { createCanvas, loadImage } from '@napi-rs/canvas'
import { AppError } from '../errors.ts'
import { type DrawnPage, MAX_PIXELS } from './draw.ts'

/** Larger images are refused before they are decoded: a few kilobytes can unfold to gigabytes. A phone's camera has 12 to 36 million pixels. */
const MAX_SOURCE_PIXELS = 36_000_000
/** A photo of a page tells no size; it is taken for this long, in points (A4). */
const PAGE_POINTS = 842

/** Points per pixel as `scale`. Throws `corrupt` or `too-large`. */
export async function drawPhoto(bytes: Uint8Array): Promise<DrawnPage> {
  const size = sizeOf(bytes)
  if (!size || size.width < 1 || size.height < 1) throw new AppError('corrupt')
  if (size.width * size.height > MAX_SOURCE_PIXELS) throw new AppError('too-large')
  const image = await loadImage(bytes).catch((cause) => {
    throw new AppError('corrupt', undefined, { cause })
  })
  const shrink = Math.min(1, Math.sqrt(MAX_PIXELS / (image.width * image.height)))
  const [width, height] = [Math.max(1, Math.round(image.width * shrink)), Math.max(1, Math.round(image.height * shrink))]
  const canvas = createCanvas(width, height)
  const context = canvas.getContext('2d')
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, 0, 0, width, height)
  return { canvas, scale: PAGE_POINTS / Math.max(width, height) }
}

/** Pixels as the header tells them: of a PNG in its first chunk, of a JPEG in its frame header. Null where there is none. */
function sizeOf(bytes: Uint8Array): { width: number; height: number } | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes[0] === 0x89) return bytes.length < 24 ? null : { width: view.getUint32(16), height: view.getUint32(20) }
  for (let at = 2; at + 9 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1]!
    // SOF0 to SOF15 but DHT, JPG and DAC, which have numbers in between; 0xff before a marker is padding.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2)
  }
  return null
}
