#include "server/http/multipart_form.h"

#include <algorithm>
#include <cstring>

#include "server/http/utf8.h"

namespace millrace::http {
namespace {

using rt::Code;
using Event = MultipartForm::Event;
using Kind = Event::Kind;

std::unexpected<rt::Error> invalid(std::string message, std::string field = {}) {
  return rt::fail(Code::kInvalid, std::move(message), std::move(field));
}

std::unexpected<rt::Error> too_large(std::string what, std::size_t limit, std::string field = {}) {
  return rt::fail(Code::kTooLarge, std::move(what) + " is larger than " + std::to_string(limit) + " bytes",
                  std::move(field));
}

}  // namespace

MultipartForm::MultipartForm(std::string_view boundary, FormLimits limits)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits) {}

rt::Result<Event> MultipartForm::next() {
  if (std::exchange(file_ended_, false)) return Event{.kind = Kind::kFileEnd};
  for (;;) {
    if (input_.empty()) return finished_ ? at_end() : rt::Result<Event>(Event{});
    rt::Status status;
    rt::Result<Event> event = Event{};
    switch (state_) {
      case State::kPreamble:
        status = skip_preamble();
        break;
      case State::kAfterBoundary:
        status = after_boundary();
        break;
      case State::kEpilogue:
        status = skip_epilogue();
        break;
      case State::kHeaders:
        event = header_line();
        break;
      case State::kField:
        event = field_bytes();
        break;
      case State::kFile:
        event = file_bytes();
        break;
    }
    if (!status) return rt::pass(status);
    if (!event || event->kind != Kind::kNeedsInput) return event;
  }
}

// The delimiter begins with its only CR, so a match that breaks off can only begin anew where it broke.
MultipartForm::Found MultipartForm::take_until_delimiter() {
  if (matched_ > 0) return goes_on() ? Found{{}, matched_ == 0} : break_off();
  const void* at = memmem(input_.data(), input_.size(), delimiter_.data(), delimiter_.size());
  if (!at) {
    remember_tail(input_.text());
    rt::Slice before = input_.take_front(input_.size() - matched_);
    input_ = {};
    return {std::move(before), false};
  }
  Found found{input_.take_front(static_cast<std::size_t>(static_cast<const std::byte*>(at) - input_.data())), true};
  input_.take_front(delimiter_.size());
  return found;
}

// Compares on with what began earlier. False when it breaks off; when it is whole, nothing is matched any more.
bool MultipartForm::goes_on() {
  const std::string_view wanted = std::string_view(delimiter_).substr(matched_);
  const std::string_view text = input_.text().substr(0, wanted.size());
  const auto same = static_cast<std::size_t>(std::ranges::mismatch(text, wanted).in1 - text.begin());
  input_.take_front(same);
  matched_ = same == wanted.size() ? 0 : matched_ + same;
  return same == text.size();
}

// What had matched was content after all. It equals the delimiter's beginning, so it need not have been kept.
MultipartForm::Found MultipartForm::break_off() {
  return {rt::Slice::copy_of(std::string_view(delimiter_).substr(0, std::exchange(matched_, 0))), false};
}

void MultipartForm::remember_tail(std::string_view text) {
  const std::string_view tail = text.substr(text.size() - std::min(text.size(), delimiter_.size() - 1));
  const std::size_t mark = tail.rfind('\r');
  if (mark == std::string_view::npos) return;
  if (delimiter_.starts_with(tail.substr(mark))) matched_ = tail.size() - mark;
}

void MultipartForm::meet_delimiter() {
  state_ = State::kAfterBoundary;
  header_bytes_ = 0;
  header_ = {};
}

// True when a whole line is there, without its CRLF.
rt::Result<bool> MultipartForm::take_line(std::string& line) {
  const std::string_view text = input_.text();
  const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
  header_bytes_ += end;
  if (header_bytes_ > limits_.header_bytes_max) return too_large("the header of a form part", limits_.header_bytes_max);
  line_ += input_.take_front(end).text();
  if (!line_.ends_with('\n')) return false;
  if (!line_.ends_with("\r\n")) return invalid("a line in a form part's header does not end with CRLF");
  line_.resize(line_.size() - 2);
  line = std::exchange(line_, {});
  return true;
}

rt::Status MultipartForm::count_padding(std::size_t bytes) {
  padding_bytes_ += bytes;
  if (padding_bytes_ <= limits_.padding_bytes_max) return {};
  return invalid(state_ == State::kPreamble ? "the form does not begin with its boundary"
                                            : "the form goes on after its closing boundary");
}

rt::Status MultipartForm::skip_preamble() {
  const Found found = take_until_delimiter();
  if (found.delimiter) meet_delimiter();
  return count_padding(found.before.size());
}

// "--" closes the form; else blanks (RFC 2046 calls them transport padding) and the end of the line.
rt::Status MultipartForm::after_boundary() {
  if (line_.size() < 2) line_ += input_.take_front(1).text();
  if (line_ == "--") {
    line_.clear();
    state_ = State::kEpilogue;
    return {};
  }
  if (line_.size() < 2) return {};
  if (line_ != "\r\n") {
    std::string padding;
    auto whole = take_line(padding);
    if (!whole) return rt::pass(whole);
    if (!*whole) return {};
    if (padding.find_first_not_of(" \t") != std::string::npos) return invalid("something follows a boundary");
  }
  line_.clear();
  state_ = State::kHeaders;
  return {};
}

rt::Status MultipartForm::skip_epilogue() {
  const std::size_t bytes = input_.size();
  input_ = {};
  return count_padding(bytes);
}

rt::Result<Event> MultipartForm::header_line() {
  std::string line;
  auto whole = take_line(line);
  if (!whole) return rt::pass(whole);
  if (!*whole) return Event{};
  if (line.empty()) return start_content();
  if (auto added = header_.add_line(line); !added) return rt::pass(added);
  return Event{};
}

rt::Result<Event> MultipartForm::start_content() {
  if (++parts_ > limits_.parts_max) {
    return rt::fail(Code::kTooLarge, "the form has more than " + std::to_string(limits_.parts_max) + " parts");
  }
  auto part = header_.part();
  if (!part) return rt::pass(part);
  part_ = std::move(*part);
  value_.clear();
  state_ = part_.file_name ? State::kFile : State::kField;
  if (!part_.file_name) return Event{};
  return Event{.kind = Kind::kFile, .part = part_};
}

rt::Result<Event> MultipartForm::field_bytes() {
  const Found found = take_until_delimiter();
  if (value_.size() + found.before.size() > limits_.field_bytes_max) {
    return too_large(part_.name, limits_.field_bytes_max, part_.name);
  }
  value_ += found.before.text();
  if (!found.delimiter) return Event{};
  if (!is_utf8(value_)) return invalid(part_.name + " is not UTF-8", part_.name);
  meet_delimiter();
  return Event{.kind = Kind::kField, .part = std::move(part_), .value = std::exchange(value_, {})};
}

rt::Result<Event> MultipartForm::file_bytes() {
  Found found = take_until_delimiter();
  if (found.delimiter) meet_delimiter();
  file_ended_ = found.delimiter && !found.before.empty();
  if (!found.before.empty()) return Event{.kind = Kind::kBytes, .bytes = std::move(found.before)};
  return found.delimiter ? Event{.kind = Kind::kFileEnd} : Event{};
}

rt::Result<Event> MultipartForm::at_end() const {
  if (state_ == State::kEpilogue) return Event{.kind = Kind::kEnd};
  return invalid("the form ends before its closing boundary");
}

}  // namespace millrace::http
