// How the command line ends.
#pragma once

namespace tenure::cli {

enum class Exit {
  ok = 0,
  failed = 1,
  usage = 2,
  not_authenticated = 3,
  refused = 4,  // not permitted, or needs --yes
  conflict = 5,
  try_again = 6,
};

}  // namespace tenure::cli
