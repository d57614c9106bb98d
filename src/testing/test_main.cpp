// main() of every test program: gtest with mocks, or a program that a test registered.
#include <gmock/gmock.h>

#include "testing/test_program.hpp"

int main(int argc, char** argv) {
  if (const auto program = yagura::testing::program_for(argc, argv)) return program(argc, argv);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
