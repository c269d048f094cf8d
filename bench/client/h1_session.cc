// HTTP/1.1 of the load client: one request at a time on a connection, answers framed by Content-Length or chunked.
// It reads answers of servers we start ourselves, so it understands what they send and gives up on anything else.

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "bench/client/session.h"

namespace millrace::bench {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kHeadBytesMax = 64 << 10;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

uint64_t parse_number(std::string_view text, int base) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

// The value of a header in a lower-cased head, empty without one.
std::string_view header_value(const std::string& head, std::string_view name) {
  const size_t at = head.find("\r\n" + std::string(name) + ":");
  if (at == std::string::npos) return {};
  const size_t from = head.find_first_not_of(' ', at + name.size() + 3);
  return std::string_view(head).substr(from, head.find("\r\n", from) - from);
}

class H1Session : public Session {
 public:
  explicit H1Session(Work& work) : work_(work), turn_(work.options()), allowance_(work.options().rate_bytes) {}
  ~H1Session() override {
    if (busy_) work_.fail();
  }

  void submit(Clock::time_point now) override;
  bool receive(std::span<const uint8_t> bytes, Clock::time_point now) override;
  void produce(std::vector<uint8_t>& out) override;
  size_t in_flight() const override { return busy_ ? 1 : 0; }
  bool settled() const override { return true; }

 private:
  enum class Reading { kHead, kBody, kChunkLine, kChunk, kChunkEnd, kTrailer };

  std::string request_head() const;
  bool read_line(std::span<const uint8_t>& bytes, std::string_view end);
  bool parse_head();
  bool step(std::span<const uint8_t>& bytes, Clock::time_point now);
  void take_body(std::span<const uint8_t>& bytes);
  void finish(Clock::time_point now);

  Work& work_;
  Turn turn_;
  Allowance allowance_;
  Exchange exchange_;
  std::string head_;  // of the request, to be sent
  uint64_t written_bytes_ = 0;
  bool busy_ = false;
  bool started_ = false;

  Reading reading_ = Reading::kHead;
  std::string line_;
  uint64_t left_bytes_ = 0;
};

void H1Session::submit(Clock::time_point now) {
  if (!started_) allowance_.start(now);
  started_ = true;
  allowance_.refill(now);
  if (busy_ || !turn_.ready(now)) return;
  const auto exchange = work_.take(now);
  if (!exchange) return;
  turn_.took();
  exchange_ = *exchange;
  written_bytes_ = 0;
  busy_ = true;
  head_ = request_head();
}

std::string H1Session::request_head() const {
  const Target& target = *exchange_.target;
  std::string head = work_.options().method + " " + target.path + " HTTP/1.1\r\nhost: " + target.authority +
                     "\r\nuser-agent: millrace-loadclient\r\n";
  if (exchange_.upload_bytes > 0) head += "content-length: " + std::to_string(exchange_.upload_bytes) + "\r\n";
  for (const auto& header : work_.options().headers) head += header.name + ": " + header.value + "\r\n";
  return head + "\r\n";
}

void H1Session::produce(std::vector<uint8_t>& out) {
  if (!busy_) return;
  out.insert(out.end(), head_.begin(), head_.end());
  head_.clear();
  while (out.size() < kBatchBytes) {
    const uint64_t n = allowance_.take(std::min<uint64_t>(exchange_.upload_bytes - written_bytes_, kPieceBytes));
    if (n == 0) return;
    const size_t at = out.size();
    out.resize(at + n);
    work_.bodies().fill(work_.body_id(exchange_), written_bytes_, {out.data() + at, n});
    written_bytes_ += n;
  }
}

bool H1Session::receive(std::span<const uint8_t> bytes, Clock::time_point now) {
  while (!bytes.empty()) {
    if (!busy_ || !step(bytes, now)) return false;
  }
  // Answered before the body was out: what follows on this connection would be taken for a request.
  return busy_ || written_bytes_ == exchange_.upload_bytes;
}

// Moves bytes into line_ up to and with `end`; true when it is there.
bool H1Session::read_line(std::span<const uint8_t>& bytes, std::string_view end) {
  while (!bytes.empty()) {
    line_.push_back(static_cast<char>(bytes.front()));
    bytes = bytes.subspan(1);
    if (line_.ends_with(end)) return true;
  }
  return false;
}

bool H1Session::step(std::span<const uint8_t>& bytes, Clock::time_point now) {
  switch (reading_) {
    case Reading::kHead:
      if (!read_line(bytes, "\r\n\r\n")) return line_.size() < kHeadBytesMax;
      if (!parse_head()) return false;
      break;
    case Reading::kBody:
    case Reading::kChunk:
      take_body(bytes);
      if (left_bytes_ == 0 && reading_ == Reading::kChunk) reading_ = Reading::kChunkEnd;
      break;
    case Reading::kChunkLine:
      if (!read_line(bytes, "\r\n")) return true;
      left_bytes_ = parse_number(line_, 16);
      reading_ = left_bytes_ > 0 ? Reading::kChunk : Reading::kTrailer;
      line_.clear();
      break;
    case Reading::kChunkEnd:
      if (read_line(bytes, "\r\n")) {
        line_.clear();
        reading_ = Reading::kChunkLine;
      }
      break;
    case Reading::kTrailer:
      if (!read_line(bytes, "\r\n")) return true;
      if (line_ == "\r\n") {
        reading_ = Reading::kBody;
        left_bytes_ = 0;
      }
      line_.clear();
      break;
  }
  if (reading_ == Reading::kBody && left_bytes_ == 0) finish(now);
  return true;
}

bool H1Session::parse_head() {
  const std::string head = lower(line_);
  line_.clear();
  if (!head.starts_with("http/1.1 ")) return false;
  exchange_.status = static_cast<int>(parse_number(std::string_view(head).substr(9, 3), 10));
  if (exchange_.status == 100) return true;
  const bool chunked = header_value(head, "transfer-encoding") == "chunked";
  left_bytes_ = parse_number(header_value(head, "content-length"), 10);
  reading_ = chunked ? Reading::kChunkLine : Reading::kBody;
  return true;
}

void H1Session::take_body(std::span<const uint8_t>& bytes) {
  const size_t n = std::min<uint64_t>(bytes.size(), left_bytes_);
  work_.body_arrived(exchange_, bytes.first(n));
  left_bytes_ -= n;
  bytes = bytes.subspan(n);
}

void H1Session::finish(Clock::time_point now) {
  work_.finish(exchange_, now);
  busy_ = false;
  reading_ = Reading::kHead;
  turn_.ended(now);
}

}  // namespace

std::unique_ptr<Session> make_h1_session(Work& work) { return std::make_unique<H1Session>(work); }

}  // namespace millrace::bench
