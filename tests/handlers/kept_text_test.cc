// Text that requests keep as a whole has its share of memory: who finds no room is told to come again.
#include "server/rt/kept_text.h"

#include "tests/handlers/forms.h"
#include "tests/handlers/s3/s3_door.h"

namespace millrace::handlers {
namespace {

class KeptTextTest : public S3Door {
 protected:
  void fill() { EXPECT_TRUE(house.text.charge(house.text.limit_bytes())); }
  void empty() {
    house.text.refund(house.text.limit_bytes());
    EXPECT_EQ(house.text.used_bytes(), 0U) << "every answer gives back what its request kept";
  }
  const std::string video = form_file("video", "a.mp4", "bytes");
};

TEST_F(KeptTextTest, documents_of_s3) {
  EXPECT_EQ(send("PUT", "/bucket").status, 200);
  const std::string document = "<Delete><Object><Key>a</Key></Object></Delete>";
  fill();
  const Reply refused = send("POST", "/bucket?delete", document);
  EXPECT_EQ(code(refused), "SlowDown");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.field("retry-after"), "");
  empty();
  EXPECT_EQ(send("POST", "/bucket?delete", document).status, 200);
  EXPECT_EQ(code(send("POST", "/bucket?delete", std::string((2 << 20) + 1, ' '))), "MaxMessageLengthExceeded");
  EXPECT_EQ(house.text.used_bytes(), 0U);
}

TEST_F(KeptTextTest, json) {
  fill();
  const Reply refused = house.call("POST", "/v2/uploads", R"({"fileName":"a","type":"put"})");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.field("retry-after"), "");
  empty();
  EXPECT_EQ(house.call("POST", "/v2/uploads", R"({"fileName":"a","type":"put"})").status, 201);
  EXPECT_EQ(house.text.used_bytes(), 0U);
}

TEST_F(KeptTextTest, fields_of_forms) {
  const std::string folder = form_field("folder", "root/x");
  fill();
  EXPECT_EQ(send_form(house, "/api/client/v1/uploads", folder + video).status, 503);
  EXPECT_EQ(send_form(house, "/assets", form_field("label", "x") + form_file("source", "a", "b")).status, 503);
  empty();
  EXPECT_EQ(send_form(house, "/api/client/v1/uploads", folder + video).status, 202);
  EXPECT_EQ(house.text.used_bytes(), 0U);
}

TEST_F(KeptTextTest, fields_nobody_wants_are_dropped_at_once) {
  std::string unwanted;
  for (int i = 0; i < 60; ++i) unwanted += form_field("f" + std::to_string(i), std::string(65'536, 'x'));
  EXPECT_TRUE(house.text.charge(house.text.limit_bytes() - 1024));
  const Reply kept = send_form(house, "/api/client/v1/uploads", unwanted + form_field("folder", "root/x") + video);
  EXPECT_EQ(kept.status, 202) << kept.body;
}

}  // namespace
}  // namespace millrace::handlers
