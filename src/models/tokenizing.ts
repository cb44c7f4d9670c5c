/** Text to token ids, inside a model host (pure JavaScript, 1.5–2.4 times as fast as the native packages from Node). */
import { Tokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'

/** The few fields of a tokenizer.json that Tokenizer does not offer by itself. */
const TokenizerFile = z.looseObject({
  padding: z.looseObject({ pad_id: z.number().int() }).nullish(),
  model: z.looseObject({ unk_token: z.string().nullish(), unk_id: z.number().int().nullish() }),
  added_tokens: z.array(z.unknown()).default([]),
})

/** Ids of one text, at most `maxTokens`; empty where nothing of the text is known to the model. */
export type Encode = (text: string) => number[]

export function createTokenizer(json: unknown, options: { maxTokens: number; lowercase: boolean }): { encode: Encode; padId: number } {
  const file = TokenizerFile.parse(json)
  const tokenizer = new Tokenizer(file, {})
  rememberWords(tokenizer)
  const unknown = file.model.unk_id ?? tokenizer.token_to_id(file.model.unk_token ?? '[UNK]')
  const padId = file.padding?.pad_id ?? tokenizer.token_to_id('[PAD]') ?? tokenizer.token_to_id('<pad>') ?? 0
  const { head, tail } = specials(tokenizer)
  const room = options.maxTokens - head.length - tail.length
  const encode = (text: string) => {
    const ids = bareIds(tokenizer, options.lowercase ? text.toLowerCase() : text)
    if (ids.every((id) => id === unknown)) return []
    if (ids.length > room) ids.length = Math.max(0, room)
    return head.length + tail.length === 0 ? ids : [...head, ...ids, ...tail]
  }
  return { encode, padId }
}

/**
 * The tokens the post-processor puts around every text ([CLS] … [SEP]), found with a probe. They are added after cutting, because cutting
 * the finished sequence would lose the closing token that the model was trained to see.
 */
function specials(tokenizer: Tokenizer): { head: number[]; tail: number[] } {
  const bare = bareIds(tokenizer, 'a')
  const whole: number[] = tokenizer.encode('a').ids
  const extra = whole.length - bare.length
  for (let at = 0; at <= extra; at++)
    if (bare.every((id, i) => whole[at + i] === id)) return { head: whole.slice(0, at), tail: whole.slice(at + bare.length) }
  return { head: [], tail: [] }
}

const bareIds = (tokenizer: Tokenizer, text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids

/** Longer ones (whole Chinese sentences) hardly come again. */
const WORD_CHARS = 24
const WORDS = 50_000

/**
 * Splitting a word into pieces is most of the work of tokenizing, and tokenizing is most of the work of a static model. The split of a word
 * does not depend on its neighbours (the tokenizer has cut the text into words before), so that of frequent words is kept.
 */
function rememberWords({ model }: Tokenizer): void {
  if (!model) return
  const split: (words: string[]) => string[] = model.encode.bind(model)
  const known = new Map<string, string[]>()
  model.encode = (words: string[]) => {
    const pieces: string[] = []
    for (const word of words) {
      let parts = known.get(word)
      if (!parts) {
        parts = split([word])
        if (known.size >= WORDS) known.clear()
        if (word.length <= WORD_CHARS) known.set(word, parts)
      }
      for (const part of parts) pieces.push(part)
    }
    return pieces
  }
}
