// Records go through the sink; `unwritten_` remembers which of them are not in the file yet, in order.
#include "store/segment_writer.h"

#include <fmt/format.h>

#include <semaphore>

#include "store/codec.h"

namespace millrace::store {
namespace {

constexpr std::uint64_t kReserveBytes = std::uint64_t{16} << 20;
constexpr std::chrono::milliseconds kTrimAfter{1000};
alignas(kRecordAlignBytes) constexpr std::byte kZeros[kRecordAlignBytes] = {};

}  // namespace

struct SegmentWriter::CommitJob {
  std::string group;
  const std::vector<HeldChunkPtr>& needs;
  rt::Result<Place> result = Place{};
  std::binary_semaphore done{0};
};

SegmentWriter::SegmentWriter(Segments& segments, Settings settings, Place end)
    : segments_(segments), settings_(settings), segment_floor_(std::max<SegmentNumber>(end.segment, 1)) {
  if (SegmentPtr newest = segments_.find(end.segment)) {
    const std::uint64_t position = align_up(end.offset, kDiskBlockBytes);
    if (auto opened = open_segment(std::move(newest), position); !opened) break_down(opened.error());
    whole_end_ = end.offset;
  }
  thread_ = std::thread([this] { run(); });
}

SegmentWriter::~SegmentWriter() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SegmentWriter::push(Job job) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void SegmentWriter::append(HeldChunkPtr chunk) { push(std::move(chunk)); }

void SegmentWriter::flush_soon() { push(FlushJob{}); }

rt::Result<Place> SegmentWriter::append_commit(std::string group, const std::vector<HeldChunkPtr>& needs) {
  CommitJob job{std::move(group), needs};
  push(&job);
  job.done.acquire();
  return std::move(job.result);
}

rt::Status SegmentWriter::sync(SegmentNumber number) {
  if (auto fine = broken(); !fine) return fine;
  const SegmentPtr segment = segments_.find(number);
  if (!segment) return {};
  syncs_.fetch_add(1, std::memory_order_relaxed);
  auto synced = segment->file().sync();
  if (!synced) break_down(synced.error());
  return synced;
}

rt::Status SegmentWriter::broken() const {
  std::lock_guard lock(mutex_);
  if (error_) return std::unexpected(*error_);
  return {};
}

void SegmentWriter::break_down(const rt::Error& error) {
  std::lock_guard lock(mutex_);
  if (error_) return;
  error_ = rt::Error{rt::Code::kIo, "the store accepts no writes until it is opened again: " + error.message};
}

void SegmentWriter::run() {
  for (bool stopping = false; !stopping;) {
    std::optional<Job> job = next_job(stopping);
    if (job) {
      std::visit([this](auto& what) { perform(what); }, *job);
    } else {
      rest();
    }
  }
  (void)flush();
  trim();
}

// None: nothing came within the time that bytes may linger, or that a reservation may stay.
std::optional<SegmentWriter::Job> SegmentWriter::next_job(bool& stopping) {
  const bool lingering = !unwritten_.empty() && settings_.linger;
  const bool trimmable = sink_ && reserved_end_ > sink_->position();
  const auto ready = [this] { return stopping_ || !queue_.empty(); };
  std::unique_lock lock(mutex_);
  if (lingering) {
    wake_.wait_for(lock, *settings_.linger, ready);
  } else if (trimmable) {
    wake_.wait_for(lock, kTrimAfter, ready);
  } else {
    wake_.wait(lock, ready);
  }
  if (queue_.empty()) {
    stopping = stopping_;
    return std::nullopt;
  }
  Job job = std::move(queue_.front());
  queue_.pop_front();
  return job;
}

void SegmentWriter::rest() {
  if (!unwritten_.empty() && settings_.linger) {
    (void)flush();
  } else {
    trim();
  }
}

void SegmentWriter::perform(HeldChunkPtr& chunk) {
  const auto appended = append_chunk(chunk);
  if (!appended) {
    chunk->set_failed(appended.error());
    return;
  }
  settle_written();
}

void SegmentWriter::perform(CommitJob*& job) {
  auto done = append_group(*job);
  if (!done) {
    job->result = pass(done);
  } else {
    job->result = Place{segment_->number(), whole_end_};
  }
  job->done.release();
}

rt::Status SegmentWriter::check_space() {
  auto free = segments_.disk().free_bytes(segments_.directory());
  if (!free) return pass(free);
  const bool full = *free < settings_.free_space_min_bytes;
  full_.store(full, std::memory_order_relaxed);
  if (!full) return {};
  return rt::fail(rt::Code::kFull, fmt::format("{} MiB free on the disk, {} MiB are kept back", *free >> 20,
                                               settings_.free_space_min_bytes >> 20));
}

rt::Status SegmentWriter::append_chunk(const HeldChunkPtr& chunk) {
  if (auto fine = broken(); !fine) return fine;
  if (auto space = check_space(); !space) return space;
  const ChunkInfo info = chunk->info();
  const std::string meta = encode(info);
  const std::uint64_t length = info.summary.length;
  const RecordHeader shape{RecordType::kChunk, 0, static_cast<std::uint32_t>(meta.size()),
                           static_cast<std::uint32_t>(length), 0};
  if (auto room = make_room(shape.end()); !room) return room;

  const std::uint64_t offset = sink_->position();
  const Place place{segment_->number(), offset + shape.payload_offset()};
  unwritten_.push_back({offset + shape.end(), chunk});
  rt::Status put = sink_->put_own(record_front(RecordType::kChunk, offset, segment_->seed(), meta, length));
  const rt::Slices slices = chunk->slices();
  for (const rt::Slice& slice : slices) {
    if (put) put = sink_->put(slice.bytes());
  }
  if (put) put = sink_->put(std::span(kZeros).first(shape.end() - shape.payload_offset() - length));
  if (!put) {
    abandon(put.error());
    return put;
  }
  chunk->set_located(place);
  if (sink_->copies()) chunk->drop_slices();
  return {};
}

rt::Status SegmentWriter::append_group(CommitJob& job) {
  if (auto fine = broken(); !fine) return fine;
  const RecordHeader shape{RecordType::kCommit, 0, static_cast<std::uint32_t>(job.group.size()), 0, 0};
  if (auto room = make_room(shape.end()); !room) return room;
  // Only now: making room writes what was before it, and that may fail.
  for (const HeldChunkPtr& chunk : job.needs) {
    if (chunk->state() == HeldChunk::State::kFailed) return std::unexpected(chunk->error());
  }
  const std::uint64_t offset = sink_->position();
  unwritten_.push_back({offset + shape.end(), nullptr});
  auto put = sink_->put_own(record_front(RecordType::kCommit, offset, segment_->seed(), job.group, 0));
  if (!put) {
    abandon(put.error());
    return put;
  }
  return flush();
}

// Room for a record in the current segment, or in a new one. A record larger than a segment has one of its own.
rt::Status SegmentWriter::make_room(std::uint64_t record_bytes) {
  const bool fits = sink_ && (sink_->position() + record_bytes <= settings_.segment_bytes ||
                              sink_->position() == kSegmentHeaderBytes);
  if (!fits) {
    if (auto rolled = roll_over(); !rolled) return rolled;
  }
  reserve(sink_->position() + record_bytes);
  return {};
}

// What is behind is on stable storage before anything goes into the new segment: that a newer segment exists proves it.
rt::Status SegmentWriter::roll_over() {
  if (segment_) {
    if (auto flushed = flush(); !flushed) return flushed;
    trim();
    if (auto synced = sync(segment_->number()); !synced) return synced;
  }
  auto created = segments_.create(settings_.store);
  if (!created) {
    full_.store(full() || created.error().code == rt::Code::kFull, std::memory_order_relaxed);
    return pass(created);
  }
  const SegmentNumber number = (*created)->number();
  auto opened = open_segment(std::move(*created), kSegmentHeaderBytes);
  if (opened) return opened;
  // Records go on to the one before it, so nothing may be left that claims that one is complete.
  if (auto removed = segments_.remove(number); !removed) break_down(removed.error());
  return opened;
}

rt::Status SegmentWriter::open_segment(SegmentPtr segment, std::uint64_t position) {
  const Caching caching = segments_.direct() ? Caching::kDirect : Caching::kCached;
  auto file = segments_.disk().open(segments_.path(segment->number()), Access::kReadWrite, caching);
  if (!file) return pass(file);
  sink_ = segments_.direct() ? direct_sink(std::move(*file), position) : cached_sink(std::move(*file), position);
  segment_ = std::move(segment);
  whole_end_ = position;
  reserved_end_ = position;
  segment_floor_.store(segment_->number(), std::memory_order_release);
  return {};
}

// Best effort: without a reservation the write itself finds out whether there is room.
void SegmentWriter::reserve(std::uint64_t end) {
  if (!segments_.direct() || end <= reserved_end_) return;
  const std::uint64_t until = align_up(end, kReserveBytes);
  if (sink_->file().allocate(reserved_end_, until - reserved_end_)) reserved_end_ = until;
}

void SegmentWriter::trim() {
  if (!sink_ || reserved_end_ <= sink_->position() || sink_->written() != sink_->position()) return;
  (void)sink_->file().truncate(sink_->position());
  reserved_end_ = sink_->position();
}

rt::Status SegmentWriter::flush() {
  if (!sink_ || unwritten_.empty()) return {};
  auto finished = sink_->finish();
  if (!finished) {
    abandon(finished.error());
    return finished;
  }
  settle_written();
  return {};
}

void SegmentWriter::settle_written() {
  while (!unwritten_.empty() && unwritten_.front().end <= sink_->written()) {
    whole_end_ = unwritten_.front().end;
    const HeldChunkPtr chunk = std::move(unwritten_.front().chunk);
    unwritten_.pop_front();
    if (chunk) chunk->set_written();
  }
}

// Everything that is not wholly in the file has failed. The file is cut back, so that a later scan finds no half of it.
void SegmentWriter::abandon(const rt::Error& error) {
  settle_written();
  if (error.code == rt::Code::kFull) full_.store(true, std::memory_order_relaxed);
  auto failed = std::move(unwritten_);
  unwritten_.clear();
  SegmentPtr segment = segment_;
  const std::uint64_t end = whole_end_;
  rt::Status cut = segment->file().truncate(end);
  if (cut) cut = open_segment(std::move(segment), align_up(end, kDiskBlockBytes));
  whole_end_ = end;
  if (!cut) break_down(cut.error());
  for (const Unwritten& record : failed) {
    if (record.chunk) record.chunk->set_failed(error);
  }
}

}  // namespace millrace::store
