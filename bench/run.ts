/** `npm run bench -- NAME [options]` */
import { launch } from './parts/launch.ts'

process.exitCode = await launch(import.meta.dirname, process.argv.slice(2))
