// Uses @aws-sdk/client-s3 and lib-storage as an application does, with their defaults, as the JSON in the first argument
// says, and prints one JSON object of what the server answered.
//
//   endpoint, credentials   where and as whom
//   http2                   true: the SDK's HTTP/2 handler
//   bucket, key             where the file goes
//   file, back              the path of what is sent, and of what comes back
//   only_upload             true: nothing but the upload, as temporary credentials allow
import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import * as s3 from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler'

const MIB = 1 << 20
const task = JSON.parse(process.argv[2])
const { bucket: Bucket, key: Key } = task
const client = new s3.S3Client({
  endpoint: task.endpoint,
  credentials: task.credentials,
  region: 'us-east-1',
  forcePathStyle: true,
  maxAttempts: 1,
  requestHandler: task.http2 ? new NodeHttp2Handler() : new NodeHttpHandler(),
})
const send = (name, fields) => client.send(new s3[`${name}Command`]({ Bucket, ...fields }))
const refusal = (call) => call.then(() => 'no error', (error) => error.name)

const upload = () =>
  new Upload({
    client,
    params: { Bucket, Key, Body: createReadStream(task.file), ContentType: 'video/mp4', Metadata: { from: 'lib-storage' } },
    partSize: 5 * MIB,
    queueSize: 4,
  }).done()

async function reads() {
  const got = await send('GetObject', { Key })
  await pipeline(got.Body, createWriteStream(task.back))
  const range = await send('GetObject', { Key, Range: 'bytes=5242870-5242889' })
  return {
    type: got.ContentType,
    metadata: got.Metadata,
    head: await send('HeadObject', { Key, ChecksumMode: 'ENABLED' }),
    range: (await range.Body.transformToByteArray()).toString(),
    content_range: range.ContentRange,
  }
}

async function small_ones() {
  const text = await send('PutObject', { Key: 'small/text ü+.txt', Body: 'text' })
  // The SDK sends a stream with Transfer-Encoding, which Node does not let into HTTP/2.
  const stream = createReadStream(task.file, { end: MIB - 1 })
  const Body = task.http2 ? await buffer(stream) : stream
  const streamed = await send('PutObject', { Key: 'small/streamed', Body, ContentLength: MIB, ChecksumAlgorithm: 'SHA256' })
  const copied = await send('CopyObject', { Key: 'small/copy', CopySource: `${Bucket}/small/streamed` })
  const first = await send('ListObjectsV2', { Prefix: 'small/', MaxKeys: 2 })
  const second = await send('ListObjectsV2', { Prefix: 'small/', ContinuationToken: first.NextContinuationToken })
  return {
    text: text.ChecksumCRC32,
    streamed: streamed.ChecksumSHA256,
    copied: copied.CopyObjectResult.ETag === streamed.ETag,
    listed: [...first.Contents, ...second.Contents].map((object) => object.Key),
    missing: await refusal(send('GetObject', { Key: 'none' })),
    occupied: await refusal(send('PutObject', { Key: 'small/copy', Body: 'x', IfNoneMatch: '*' })),
  }
}

async function presigned() {
  const Key = 'small/presigned'
  const put = await fetch(await getSignedUrl(client, new s3.PutObjectCommand({ Bucket, Key })), { method: 'PUT', body: 'presigned' })
  const get = await fetch(await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key })))
  return [put.status, get.status, await get.text()]
}

async function life() {
  await send('CreateBucket', {})
  const uploaded = await upload()
  const seen = { etag: uploaded.ETag, size: statSync(task.file).size, ...(await reads()), ...(await small_ones()), presigned: await presigned() }
  const all = (await send('ListObjectsV2', {})).Contents.map((object) => ({ Key: object.Key }))
  seen.deleted = (await send('DeleteObjects', { Delete: { Objects: all } })).Deleted.length
  await send('DeleteBucket', {})
  return seen
}

console.log(JSON.stringify(task.only_upload ? { etag: (await upload()).ETag } : await life()))
client.destroy()
