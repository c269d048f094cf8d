#include "media/tenants/secret.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

namespace millrace::media {
namespace {

class SecretTest : public ::testing::Test {
 protected:
  SecretTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "secret-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    file_ = directory_ / "server.secret";
  }
  ~SecretTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
  std::filesystem::path file_;
};

TEST_F(SecretTest, is_made_once_and_for_its_owner_only) {
  const auto first = load_server_secret(file_);
  ASSERT_TRUE(first.has_value());
  struct stat status;
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(*load_server_secret(file_), *first);
}

TEST_F(SecretTest, damaged_file_is_never_replaced) {
  for (std::size_t bytes : {0, 31, 33}) {
    std::ofstream(file_, std::ios::trunc) << std::string(bytes, 'x');
    const auto loaded = load_server_secret(file_);
    ASSERT_FALSE(loaded.has_value()) << bytes;
    EXPECT_EQ(loaded.error().code, rt::Code::kDamaged);
    EXPECT_EQ(std::filesystem::file_size(file_), bytes);
  }
}

TEST_F(SecretTest, unwritable_place_is_an_error) {
  EXPECT_EQ(load_server_secret(directory_ / "absent" / "server.secret").error().code, rt::Code::kIo);
}

}  // namespace
}  // namespace millrace::media
