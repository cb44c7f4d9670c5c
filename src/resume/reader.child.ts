/** A document reader of reader.ts: one process, text layers only. A hostile document can at worst end this process. */
import { readResume } from './read.ts'
import { serve } from './serve.ts'

serve(readResume)
