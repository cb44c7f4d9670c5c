/** Reads server-sent events from a URL until the stream ends; after a break it goes on from the last id it saw. */
export async function* events(url: string, headers: Record<string, string>): AsyncGenerator<{ event: string; data: unknown }> {
  let last = ''
  for (let tries = 0; tries < 10; tries++) {
    const answer = await fetch(url, { headers: { ...headers, accept: 'text/event-stream', ...(last && { 'last-event-id': last }) } })
    if (!answer.ok || !answer.body) throw new Error(`the event stream answered ${answer.status}`)
    let rest = ''
    try {
      for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          const fields = Object.fromEntries(
            block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
          )
          if (fields.id) last = fields.id
          if (fields.event) yield { event: fields.event, data: JSON.parse(fields.data ?? 'null') }
          if (fields.event === 'closed') tries = Number.POSITIVE_INFINITY
        }
      }
      if (tries === Number.POSITIVE_INFINITY) return
    } catch (error) {
      if (tries >= 9) throw error
    }
  }
}
