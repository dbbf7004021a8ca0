// Where an installed program finds files that came with it.
#pragma once

#include <string>

namespace lyceum {

// ../share/lyceum/<name>, seen from the folder that this program lies in, where that is a folder: for one
// in /usr/bin /usr/share/lyceum/<name>. Else empty, as in a build tree.
std::string InstalledFolder(const std::string& name);

}  // namespace lyceum
