// Uses MinIO's JavaScript client as an application does, as the JSON in the first argument says, and prints one JSON
// object of what the server answered.
//
//   endpoint, credentials   where and as whom
//   bucket, key             where the file goes
//   file, back              the path of what is sent, and of what comes back
//   only_upload             true: nothing but the upload, as temporary credentials allow
import { createReadStream } from 'node:fs'
import { Client } from 'minio'

const task = JSON.parse(process.argv[2])
const { bucket, key, file } = task
const endpoint = new URL(task.endpoint)
const client = new Client({
  endPoint: endpoint.hostname,
  port: Number(endpoint.port),
  useSSL: endpoint.protocol === 'https:',
  accessKey: task.credentials.accessKeyId,
  secretKey: task.credentials.secretAccessKey,
  sessionToken: task.credentials.sessionToken,
  region: 'us-east-1',
  partSize: 5 << 20,
})
const collected = async (stream) => {
  const items = []
  for await (const item of stream) items.push(item)
  return items
}
const upload = () => client.fPutObject(bucket, key, file, { 'Content-Type': 'video/mp4', 'X-Amz-Meta-From': 'minio' })

async function life() {
  await client.makeBucket(bucket, 'us-east-1')
  const seen = { exists: await client.bucketExists(bucket), none: await client.bucketExists(`${bucket}-none`) }
  seen.etag = (await upload()).etag
  seen.stat = await client.statObject(bucket, key)
  await client.fGetObject(bucket, key, task.back)
  seen.range = [...Buffer.concat(await collected(await client.getPartialObject(bucket, key, 5242870, 20)))]
  await client.putObject(bucket, 'small/text ü+.txt', 'text')
  await client.putObject(bucket, 'small/streamed', createReadStream(file))
  await client.copyObject(bucket, 'small/copy', `/${bucket}/small/streamed`)
  seen.copied = (await client.statObject(bucket, 'small/copy')).size
  seen.listed = (await collected(client.listObjectsV2(bucket, 'small/', true))).map((object) => object.name)
  seen.folders = (await collected(client.listObjectsV2(bucket, '', false))).map((object) => object.prefix ?? object.name)
  const put = await fetch(await client.presignedPutObject(bucket, 'small/presigned', 60), { method: 'PUT', body: 'presigned' })
  const get = await fetch(await client.presignedGetObject(bucket, 'small/presigned', 60))
  seen.presigned = [put.status, get.status, await get.text()]
  seen.missing = await client.getObject(bucket, 'none').then(() => 'no error', (error) => error.code)
  seen.incomplete = await collected(client.listIncompleteUploads(bucket, '', true))
  const all = (await collected(client.listObjectsV2(bucket, '', true))).map((object) => object.name)
  await client.removeObjects(bucket, all)
  await client.removeBucket(bucket)
  return seen
}

console.log(JSON.stringify(task.only_upload ? { etag: (await upload()).etag } : await life()))
