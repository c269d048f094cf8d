#include "server/http/conditional.h"

#include <gtest/gtest.h>

#include "server/http/date.h"

namespace millrace::http {
namespace {

Request with(Method method, std::initializer_list<std::pair<const char*, std::string>> fields) {
  Request request;
  request.method = method;
  for (const auto& [name, value] : fields) request.fields.add(name, value);
  return request;
}

const Validators kCurrent{"\"v,1\"", 1000, true};
const Validators kWeak{"W/\"v\"", std::nullopt, true};
const Validators kAbsent{"", std::nullopt, false};

Verdict get(std::initializer_list<std::pair<const char*, std::string>> fields, const Validators& current = kCurrent) {
  return evaluate_conditions(with(Method::kGet, fields), current);
}

Verdict put(std::initializer_list<std::pair<const char*, std::string>> fields, const Validators& current = kCurrent) {
  return evaluate_conditions(with(Method::kPut, fields), current);
}

TEST(Conditional, without_conditions_proceeds) { EXPECT_EQ(get({}), Verdict::kProceed); }

TEST(Conditional, if_match_compares_strongly) {
  EXPECT_EQ(put({{"if-match", "\"x\", \"v,1\""}}), Verdict::kProceed);
  EXPECT_EQ(put({{"if-match", "\"x\""}, {"if-match", "\"v,1\""}}), Verdict::kProceed);
  EXPECT_EQ(put({{"if-match", "\"x\""}}), Verdict::kPreconditionFailed);
  EXPECT_EQ(put({{"if-match", "W/\"v,1\""}}), Verdict::kPreconditionFailed);
  EXPECT_EQ(put({{"if-match", "W/\"v\""}}, kWeak), Verdict::kPreconditionFailed);
  EXPECT_EQ(put({{"if-match", "*"}}), Verdict::kProceed);
  EXPECT_EQ(put({{"if-match", "*"}}, kAbsent), Verdict::kPreconditionFailed);
  EXPECT_EQ(put({{"if-match", "nonsense"}}), Verdict::kPreconditionFailed);
}

TEST(Conditional, if_none_match_compares_weakly) {
  EXPECT_EQ(get({{"if-none-match", "W/\"v,1\""}}), Verdict::kNotModified);
  EXPECT_EQ(get({{"if-none-match", "\"v\""}}, kWeak), Verdict::kNotModified);
  EXPECT_EQ(get({{"if-none-match", "\"x\""}}), Verdict::kProceed);
  EXPECT_EQ(put({{"if-none-match", "*"}}), Verdict::kPreconditionFailed);
  EXPECT_EQ(put({{"if-none-match", "*"}}, kAbsent), Verdict::kProceed);
}

TEST(Conditional, dates_count_only_without_tags) {
  EXPECT_EQ(get({{"if-modified-since", http_date(1000)}}), Verdict::kNotModified);
  EXPECT_EQ(get({{"if-modified-since", http_date(999)}}), Verdict::kProceed);
  EXPECT_EQ(get({{"if-modified-since", "nonsense"}}), Verdict::kProceed);
  EXPECT_EQ(put({{"if-modified-since", http_date(1000)}}), Verdict::kProceed);
  EXPECT_EQ(get({{"if-none-match", "\"x\""}, {"if-modified-since", http_date(1000)}}), Verdict::kProceed);
  EXPECT_EQ(put({{"if-unmodified-since", http_date(999)}}), Verdict::kPreconditionFailed);
  EXPECT_EQ(put({{"if-unmodified-since", http_date(1000)}}), Verdict::kProceed);
  EXPECT_EQ(put({{"if-match", "\"v,1\""}, {"if-unmodified-since", http_date(999)}}), Verdict::kProceed);
}

TEST(Conditional, if_range_wants_a_strong_match) {
  const auto holds = [](const char* value, const Validators& current) {
    return range_condition_holds(with(Method::kGet, {{"if-range", value}}), current);
  };
  EXPECT_TRUE(range_condition_holds(with(Method::kGet, {}), kCurrent));
  EXPECT_TRUE(holds("\"v,1\"", kCurrent));
  EXPECT_FALSE(holds("\"x\"", kCurrent));
  EXPECT_FALSE(holds("W/\"v\"", kWeak));
  EXPECT_TRUE(holds(http_date(1000).c_str(), kCurrent));
  EXPECT_FALSE(holds(http_date(1001).c_str(), kCurrent));
  EXPECT_FALSE(holds("nonsense", kWeak));
}

}  // namespace
}  // namespace millrace::http
