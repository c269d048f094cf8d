// Uploads one file with tus-js-client, as the JSON in the first argument says, and prints one JSON line per event. Ends
// with 0 when the upload succeeded or was paused as asked.
//
//   file       the path of what is sent
//   options    passed on to tus-js-client
//   stream     true: the file is a stream of unknown length
//   pause_at   bytes after which the client stops and leaves the rest
//   delay_ms   to wait after each response, so that something can happen in the middle
import { createReadStream, readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import * as tus from 'tus-js-client'

const task = JSON.parse(process.argv[2])
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// A file's own stream would be taken for the file, whose length is known.
const streamed = () => createReadStream(task.file).pipe(new PassThrough())

const upload = new tus.Upload(task.stream ? streamed() : readFileSync(task.file), {
  ...task.options,
  onAfterResponse: () => later(task.delay_ms ?? 0),
  onChunkComplete: async (_, accepted) => {
    say({ accepted, url: upload.url })
    if (task.pause_at && accepted >= task.pause_at) {
      await upload.abort()
      process.exit(0)
    }
  },
  onSuccess: () => say({ done: true, url: upload.url }),
  onError: (error) => {
    say({ error: error.message })
    process.exit(1)
  },
})
upload.start()
