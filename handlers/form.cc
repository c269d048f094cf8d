#include "handlers/form.h"

namespace millrace::handlers {
namespace {

using Kind = http::MultipartForm::Event::Kind;

}  // namespace

bool is_form(const http::Request& request) {
  const auto type = request.fields.get("content-type");
  const auto boundary = http::boundary_of(type.value_or(""));
  return boundary || boundary.error().code != rt::Code::kUnsupportedType;
}

rt::Result<Form> Form::of(http::Exchange& exchange) {
  const auto boundary = http::boundary_of(exchange.request.fields.get("content-type").value_or(""));
  if (!boundary) return std::unexpected(boundary.error());
  return Form(exchange.body, *boundary);
}

rt::Task<rt::Result<http::MultipartForm::Event>> Form::event() {
  for (;;) {
    auto event = parser_.next();
    if (!event || event->kind != Kind::kNeedsInput) co_return event;
    auto slice = co_await body_->next();
    if (!slice) co_return rt::pass(slice);
    if (slice->empty()) {
      parser_.finish();
    } else {
      parser_.feed(std::move(*slice));
    }
  }
}

rt::Status keep_text(http::Exchange& exchange, const Form::Entry& field) {
  if (exchange.text.add(field.part.name.size() + field.value.size())) return {};
  return rt::fail(rt::Code::kUnavailable, "too much text is sent at once; try again later");
}

rt::Task<rt::Result<std::optional<Form::Entry>>> Form::next() {
  while (in_file_) {
    auto dropped = co_await bytes();
    if (!dropped) co_return rt::pass(dropped);
  }
  auto event = co_await this->event();
  if (!event) co_return rt::pass(event);
  if (event->kind == Kind::kEnd) co_return std::nullopt;
  const std::string& name = event->part.name;
  if (!names_.insert(name).second) co_return rt::fail(rt::Code::kInvalid, name + " is given twice", name);
  in_file_ = event->kind == Kind::kFile;
  co_return Entry{std::move(event->part), std::move(event->value)};
}

rt::Task<rt::Result<rt::Slice>> Form::bytes() {
  if (!in_file_) co_return rt::Slice();
  auto event = co_await this->event();
  if (!event) co_return rt::pass(event);
  in_file_ = event->kind == Kind::kBytes;
  co_return std::move(event->bytes);
}

}  // namespace millrace::handlers
