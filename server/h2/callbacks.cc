#include "server/h2/callbacks.h"

#include <nghttp2/nghttp2.h>

#include "server/h2/session.h"
#include "server/rt/block.h"

namespace millrace::h2 {
namespace {

std::string_view text(const std::uint8_t* data, std::size_t bytes) {
  return {reinterpret_cast<const char*>(data), bytes};
}

Stream* stream_of(nghttp2_session* session, std::int32_t stream_id) {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, stream_id));
}

void add_pseudo(http::Request& request, std::string_view name, std::string_view value) {
  if (name == ":method") {
    request.method_text = value;
    request.method = http::method_of(value);
  } else if (name == ":path") {
    request.target = value;
  } else if (name == ":authority") {
    request.authority = value;
  }
}

// Crumbs of one cookie header (RFC 9113 §8.2.3) are joined again.
void add_field(http::Fields& fields, std::string_view name, std::string_view value) {
  const auto crumbs = name == "cookie" ? fields.get(name) : std::nullopt;
  if (!crumbs) return fields.add(name, value);
  const std::string joined = std::string(*crumbs).append("; ").append(value);
  fields.set(name, joined);
}

bool provoked(std::uint32_t error_code) {
  switch (error_code) {
    case NGHTTP2_NO_ERROR:
    case NGHTTP2_INTERNAL_ERROR:
    case NGHTTP2_CANCEL:
    case NGHTTP2_REFUSED_STREAM:
      return false;
    default:
      return true;
  }
}

bool is_control(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      return !(frame.hd.flags & NGHTTP2_FLAG_ACK);
    case NGHTTP2_PRIORITY:
      return true;
    case NGHTTP2_DATA:
      return frame.hd.length == 0 && !(frame.hd.flags & NGHTTP2_FLAG_END_STREAM);
    default:
      return false;
  }
}

}  // namespace

struct Callbacks {
  static Session& session_of(void* user) { return *static_cast<Session*>(user); }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* header, void* user) {
    Session& session = session_of(user);
    if (header->type == NGHTTP2_HEADERS && session.skipped_streams_.contains(header->stream_id)) {
      session.terminate(NGHTTP2_PROTOCOL_ERROR);
    }
    return 0;
  }

  static int begin_headers(nghttp2_session* nghttp2, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Stream& stream = session_of(user).open_stream(frame->hd.stream_id);
    session_of(user).skipped_streams_.opened(frame->hd.stream_id);
    nghttp2_session_set_stream_user_data(nghttp2, frame->hd.stream_id, &stream);
    return 0;
  }

  static int header(nghttp2_session* nghttp2, const nghttp2_frame* frame, const std::uint8_t* name_data,
                    std::size_t name_bytes, const std::uint8_t* value_data, std::size_t value_bytes, std::uint8_t,
                    void* user) {
    Stream* stream = stream_of(nghttp2, frame->hd.stream_id);
    if (!stream || frame->hd.type != NGHTTP2_HEADERS) return 0;
    const std::string_view name = text(name_data, name_bytes);
    const std::string_view value = text(value_data, value_bytes);
    const Limits& limits = session_of(user).context_.limits;
    http::Fields& fields = stream->headers_complete ? stream->body.trailers() : stream->request.fields;
    if (++stream->header_fields > limits.header_fields_max ||
        fields.bytes() + stream->request.target.size() + name_bytes + value_bytes > limits.header_bytes_max) {
      stream->too_large = true;
      return 0;
    }
    if (name.starts_with(':')) {
      add_pseudo(stream->request, name, value);
    } else {
      add_field(fields, name, value);
    }
    return 0;
  }

  // A field nghttp2 finds malformed makes the request malformed; by itself it would only leave the field out.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                            const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame_recv(nghttp2_session* nghttp2, const nghttp2_frame* frame, void* user) {
    Session& session = session_of(user);
    const std::int64_t now_ms = rt::Loop::current().now_ms();
    if (is_control(*frame) && !session.control_frames_.take(now_ms)) session.flooded();
    if (frame->hd.type == NGHTTP2_RST_STREAM && !session.resets_.take(now_ms)) session.flooded();
    if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK)) session.settings_acknowledged();
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;

    Stream* stream = stream_of(nghttp2, frame->hd.stream_id);
    if (!stream) return 0;
    const bool first = !stream->headers_complete;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
      stream->body.end();
      session.release_window(*stream);
    }
    if (frame->hd.type == NGHTTP2_HEADERS && first) session.request_complete(*stream);
    if (frame->hd.type == NGHTTP2_HEADERS && !first && stream->too_large) {
      session.reset(*stream, NGHTTP2_ENHANCE_YOUR_CALM, "the trailers are too large");
    }
    return 0;
  }

  static int data_chunk(nghttp2_session* nghttp2, std::uint8_t, std::int32_t stream_id, const std::uint8_t* data,
                        std::size_t bytes, void* user) {
    Session& session = session_of(user);
    session.arrived_bytes_ += bytes;
    Stream* stream = stream_of(nghttp2, stream_id);
    if (!stream || bytes == 0) return 0;
    session.body_arrived(*stream, bytes);
    if (stream->responded) {
      session.drop(*stream, bytes);
      return 0;
    }
    // The chunk lies inside the slice that is being received.
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    if (bytes < rt::kPinMinBytes) {
      session.copied_bytes_ += bytes;
      stream->body.push(rt::Slice::copy_of(std::span(begin, bytes)));
    } else {
      stream->body.push(session.receiving_->part(static_cast<std::size_t>(begin - session.receiving_->data()), bytes));
    }
    return 0;
  }

  static int frame_send(nghttp2_session* nghttp2, const nghttp2_frame* frame, void* user) {
    Session& session = session_of(user);
    switch (frame->hd.type) {
      case NGHTTP2_RST_STREAM:
        if (provoked(frame->rst_stream.error_code) && !session.provoked_resets_.take(rt::Loop::current().now_ms())) {
          session.flooded();
        }
        return 0;
      case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR && frame->goaway.error_code != NGHTTP2_ENHANCE_YOUR_CALM) {
          session.context_.stats.protocol_errors.fetch_add(1, std::memory_order_relaxed);
        }
        return 0;
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        break;
      default:
        return 0;
    }
    Stream* stream = stream_of(nghttp2, frame->hd.stream_id);
    if (!stream) return 0;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    stream->response_sent = true;
    stream->sent_ms = rt::Loop::current().now_ms();
    return 0;
  }

  static int stream_close(nghttp2_session* nghttp2, std::int32_t stream_id, std::uint32_t error_code, void* user) {
    Stream* stream = stream_of(nghttp2, stream_id);
    if (!stream) return 0;
    nghttp2_session_set_stream_user_data(nghttp2, stream_id, nullptr);
    Session& session = session_of(user);
    session.close_stream(*stream, error_code == NGHTTP2_NO_ERROR ? "" : "the stream was reset");
    session.closed_.push_back(stream);
    return 0;
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header, std::size_t bytes,
                       nghttp2_data_source* source, void* user) {
    Session& session = session_of(user);
    if (session.batch_.bytes() >= session.context_.limits.batch_bytes) return NGHTTP2_ERR_WOULDBLOCK;
    auto& stream = *static_cast<Stream*>(source->ptr);
    constexpr std::size_t kFrameHeaderBytes = 9;
    session.batch_.copy(std::as_bytes(std::span(header, kFrameHeaderBytes)));
    stream.outgoing.take(bytes, [&session](rt::Slice piece) { session.batch_.reference(std::move(piece)); });
    stream.sent_bytes += bytes;
    if (!stream.outgoing_ended && stream.outgoing.bytes() < session.context_.limits.source_bytes) stream.room.set();
    return 0;
  }
};

const nghttp2_session_callbacks* callbacks() {
  static const nghttp2_session_callbacks* const table = [] {
    nghttp2_session_callbacks* made = nullptr;
    nghttp2_session_callbacks_new(&made);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, &Callbacks::begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, &Callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, &Callbacks::header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, &Callbacks::invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, &Callbacks::frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &Callbacks::data_chunk);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, &Callbacks::frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, &Callbacks::stream_close);
    nghttp2_session_callbacks_set_send_data_callback(made, &Callbacks::send_data);
    return made;
  }();
  return table;
}

}  // namespace millrace::h2
