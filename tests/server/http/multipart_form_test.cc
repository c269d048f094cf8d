#include "server/http/multipart_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::http {
namespace {

using Kind = MultipartForm::Event::Kind;
using testing::HasSubstr;

constexpr const char* kBoundary = "XbX";

struct Told {
  std::string text;  // one line for each part: field NAME=VALUE, file NAME FILENAME TYPE=BYTES
  std::string error;
  rt::Code code = rt::Code::kInternal;
};

// Everything the form says, with `step` bytes at a time.
Told told(const std::string& body, std::size_t step = 1 << 20, FormLimits limits = {}) {
  MultipartForm form(kBoundary, limits);
  Told out;
  for (std::size_t at = 0;;) {
    auto event = form.next();
    if (!event) return out.error = event.error().message, out.code = event.error().code, out;
    switch (event->kind) {
      case Kind::kNeedsInput:
        if (at == body.size()) {
          form.finish();
        } else {
          const std::string piece = body.substr(at, step);
          at += piece.size();
          form.feed(rt::Slice::copy_of(piece));
        }
        break;
      case Kind::kField:
        out.text += "field " + event->part.name + "=" + event->value + "\n";
        break;
      case Kind::kFile:
        out.text += "file " + event->part.name + " " + *event->part.file_name + " " + event->part.content_type + "=";
        break;
      case Kind::kBytes:
        EXPECT_FALSE(event->bytes.empty());
        out.text += event->bytes.text();
        break;
      case Kind::kFileEnd:
        out.text += "\n";
        break;
      case Kind::kEnd:
        return out;
    }
  }
}

std::string field(const std::string& name, const std::string& value) {
  return "--XbX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string file(const std::string& disposition, const std::string& content) {
  return "--XbX\r\ncontent-disposition: form-data; " + disposition + "\r\nContent-Type: video/mp4\r\n\r\n" + content +
         "\r\n";
}

std::string with_header(const std::string& lines) { return "--XbX\r\n" + lines + "\r\n\r\nv\r\n--XbX--\r\n"; }

TEST(MultipartForm, says_the_same_for_every_split) {
  const std::string tricky = "\r\n--Xb\r\n--Xb\r\r\n-\r\n--XbY--XbX\n--XbX\r\r\n";
  const std::string body = "preamble\r\n" + field("folder", "root/ä") +
                           file("name=\"video\"; filename=\"a.mp4\"", tricky) + file("name=e; filename=\"\"", "") +
                           field("empty", "") + field("last", "\r\n") + "--XbX--\r\nepilogue";
  const std::string expected = "field folder=root/ä\nfile video a.mp4 video/mp4=" + tricky +
                               "\nfile e  video/mp4=\nfield empty=\nfield last=\r\n\n";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    const Told all = told(body, step);
    ASSERT_EQ(all.error, "") << step;
    ASSERT_EQ(all.text, expected) << step;
  }
}

TEST(MultipartForm, gives_out_bytes_of_a_file_where_they_lie) {
  const std::string content(100'000, 'x');
  const std::string body = file("name=video; filename=a", content) + "--XbX--";
  const rt::Slice whole = rt::Slice::copy_of(body);
  MultipartForm form(kBoundary);
  form.feed(whole);
  ASSERT_EQ(form.next()->kind, Kind::kFile);
  const auto bytes = form.next();
  ASSERT_EQ(bytes->kind, Kind::kBytes);
  EXPECT_EQ(bytes->bytes.size(), content.size());
  EXPECT_EQ(bytes->bytes.data(), whole.data() + body.find(content));
}

TEST(MultipartForm, a_form_may_be_empty) {
  EXPECT_EQ(told("--XbX--\r\n").error, "");
  EXPECT_EQ(told("--XbX-- \t").error, "");
  EXPECT_EQ(told("--XbX  \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XbX--").text, "field a=1\n");
}

TEST(MultipartForm, an_end_that_never_came_is_an_error) {
  const std::string whole = field("folder", "root") + file("name=video; filename=a", "bytes") + "--XbX--";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(told(whole.substr(0, length), 7).error, HasSubstr("ends before")) << length;
  }
  EXPECT_EQ(told(whole).error, "");
}

TEST(MultipartForm, reads_names_of_files_as_they_are_sent) {
  const auto name = [](const std::string& disposition) {
    const Told all = told(file("name=v; " + disposition, "") + "--XbX--");
    return all.error.empty() ? all.text.substr(7, all.text.find(" video/mp4") - 7) : all.error;
  };
  EXPECT_EQ(name("filename=\"a \\\"b\\\".mp4\""), "a \"b\".mp4");
  EXPECT_EQ(name("filename=\"a %22b%22.mp4\""), "a \"b\".mp4");
  EXPECT_EQ(name("filename=\"C:\\clips\\b.mp4\""), "b.mp4");
  EXPECT_EQ(name("filename=\"../../etc/passwd\""), "passwd");
  EXPECT_EQ(name("filename=\"../..\""), "");
  EXPECT_EQ(name("filename=\".\""), "");
  EXPECT_EQ(name("filename=\"50%.mp4\""), "50%.mp4");
  EXPECT_EQ(name("FileName=plain.mp4;"), "plain.mp4");
  EXPECT_EQ(name("filename=\"=?utf-8?B?eA==?=\"; filename*=UTF-8''%C3%BC.mp4"), "ü.mp4");
  EXPECT_THAT(name("filename=\"\xc0\xaf\""), HasSubstr("not UTF-8"));
  EXPECT_THAT(name("filename=\"a"), HasSubstr("quote is never closed"));
  EXPECT_THAT(name("filename=a b"), HasSubstr("needs quotes"));
  EXPECT_THAT(name("filename=a; filename=b"), HasSubstr("given twice"));
  EXPECT_THAT(name("filename*=latin1''x"), HasSubstr("cannot be read"));
}

TEST(MultipartForm, refuses_headers_that_are_none) {
  const auto error = [](const std::string& lines) { return told(with_header(lines)).error; };
  const std::string good = "Content-Disposition: form-data; name=a";
  EXPECT_EQ(error(good), "");
  EXPECT_EQ(error(good + "\r\nX-Other: y\r\nContent-Transfer-Encoding: binary"), "");
  EXPECT_THAT(error("X-Other: y"), HasSubstr("no Content-Disposition"));
  EXPECT_THAT(error("Content-Disposition: form-data"), HasSubstr("no name"));
  EXPECT_THAT(error("Content-Disposition: attachment; name=a"), HasSubstr("not form-data"));
  EXPECT_THAT(error(good + "\r\n" + good), HasSubstr("given twice"));
  EXPECT_THAT(error(good + "; name=b"), HasSubstr("given twice"));
  EXPECT_THAT(error(good + "\r\nContent-Transfer-Encoding: base64"), HasSubstr("Content-Transfer-Encoding"));
  EXPECT_THAT(error(good + "\r\n folded"), HasSubstr("malformed"));
  EXPECT_THAT(error(good + "\nX-Other: y"), HasSubstr("CRLF"));
  EXPECT_THAT(error(good + "\r\nno colon"), HasSubstr("malformed"));
  EXPECT_THAT(error(good + "\r\nX-Other: \x01"), HasSubstr("control"));
  EXPECT_THAT(told("--XbX garbage\r\n").error, HasSubstr("follows a boundary"));
}

TEST(MultipartForm, everything_that_grows_has_a_limit) {
  const FormLimits limits{.parts_max = 2, .header_bytes_max = 100, .field_bytes_max = 10, .padding_bytes_max = 20};
  const auto code = [&](const std::string& body, std::size_t step = 3) { return told(body, step, limits).code; };
  const std::string one = field("a", "1234567890");
  EXPECT_EQ(told(one + one + "--XbX--", 3, limits).error, "");
  EXPECT_EQ(code(one + one + one + "--XbX--"), rt::Code::kTooLarge);
  EXPECT_EQ(code(field("a", "12345678901")), rt::Code::kTooLarge);
  EXPECT_EQ(code("--XbX\r\n" + std::string(101, 'h')), rt::Code::kTooLarge);
  EXPECT_EQ(code("--XbX " + std::string(110, ' ')), rt::Code::kTooLarge);
  EXPECT_EQ(code(std::string(21, 'p')), rt::Code::kInvalid);
  EXPECT_EQ(code("--XbX--" + std::string(21, 'e')), rt::Code::kInvalid);
}

TEST(MultipartForm, a_field_is_utf8) {
  EXPECT_THAT(told(field("folder", "root/\xc0\xaf") + "--XbX--").error, HasSubstr("folder is not UTF-8"));
}

TEST(FormBoundary, is_read_from_the_content_type) {
  EXPECT_EQ(*boundary_of("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(*boundary_of("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b\";"), "a b");
  EXPECT_EQ(boundary_of("application/json").error().code, rt::Code::kUnsupportedType);
  for (const char* bad : {"", "; boundary=", "; boundary=\"\"", "; boundary=a; boundary=b", "; boundary=\"a\r\"",
                          "; boundary=\"a \"", "; boundary=\"ä\"", "; boundary"}) {
    const auto boundary = boundary_of("multipart/form-data" + std::string(bad));
    ASSERT_FALSE(boundary) << bad;
    EXPECT_EQ(boundary.error().code, rt::Code::kInvalid) << bad;
  }
  EXPECT_FALSE(boundary_of("multipart/form-data; boundary=" + std::string(71, 'a')));
}

}  // namespace
}  // namespace millrace::http
