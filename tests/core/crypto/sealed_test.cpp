#include "core/crypto/sealed.h"

#include <gtest/gtest.h>

namespace tenure {
namespace {

class SealedText : public testing::Test {
 protected:
  SealedText() { EXPECT_TRUE(keys_->put({{"usr_a", key_}})); }

  SystemRandom random_;
  const crypto::Key key_ = crypto::Key::generate(random_);
  const std::unique_ptr<KeyStore> keys_ = make_memory_key_store();
  const Sealed name_ = Sealed::seal("usr_a", key_, "Ada", random_);
};

TEST_F(SealedText, OpensWithTheKeyOfItsOwnerAlsoAfterItWasStored) {
  EXPECT_EQ(name_.open(*keys_), "Ada");
  EXPECT_EQ(Sealed(name_.text()).open(*keys_), "Ada");
  EXPECT_TRUE(name_.text().starts_with("usr_a."));
  EXPECT_EQ(name_.text().find("Ada"), std::string::npos);
}
TEST_F(SealedText, IsGoneWithTheKeyOfItsOwner) {
  ASSERT_TRUE(keys_->destroy("usr_a"));
  EXPECT_FALSE(name_.open(*keys_));
}
TEST_F(SealedText, CannotBeGivenToAnotherOwner) {
  ASSERT_TRUE(keys_->put({{"usr_b", key_}}));
  EXPECT_FALSE(Sealed("usr_b" + name_.text().substr(5)).open(*keys_));
}
TEST_F(SealedText, DoesNotOpenWhenItIsDamaged) {
  for (const auto& text : {std::string(), std::string("usr_a"), std::string("usr_a."), std::string("usr_a.!"),
                           name_.text() + "A", name_.text().substr(0, name_.text().size() - 1)}) {
    EXPECT_FALSE(Sealed(text).open(*keys_)) << text;
  }
}

}  // namespace
}  // namespace tenure
