// contract-files ROOT [--check]: writes what docs/ says of the contract from the proto file and the code: the schemas,
// the types, the AsyncAPI document, and in docs/contract.md what stands between
//
//   <!-- from the code: NAME --> and <!-- /from the code -->
//
// --check writes nothing, names each file that is not what it would write, and exits 1 where there is one.
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>

#include "contract/contract_model.h"

namespace lyceum::contract {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string WithParts(const Contract& contract, const std::string& path) {
  const std::string begin = "<!-- from the code: ";
  const std::string end = "<!-- /from the code -->";
  const std::string text = ReadText(path);
  std::string out;
  size_t at = 0;
  for (size_t found = text.find(begin); found != std::string::npos; found = text.find(begin, at)) {
    const size_t name = found + begin.size();
    const size_t close = text.find(" -->\n", name);
    const size_t after = text.find(end, name);
    if (close == std::string::npos || after == std::string::npos || close > after) {
      throw std::runtime_error(path + ": a part has no end");
    }
    out += text.substr(at, close + 5 - at);
    out += MarkdownOf(contract, text.substr(name, close - name));
    at = after;
  }
  return out + text.substr(at);
}

int Run(const std::string& root, bool check) {
  const Contract contract = ReadContract(LYCEUM_DESCRIPTORS);
  const std::map<std::string, std::string> files = {
      {"docs/asyncapi.yaml", AsyncApiOf(contract)},
      {"docs/schema/lyceum.v1.schema.json", JsonSchemaOf(contract)},
      {"docs/schema/lyceum.v1.d.ts", TypesOf(contract)},
      {"docs/contract.md", WithParts(contract, root + "/docs/contract.md")}};
  int differing = 0;
  for (const auto& [name, text] : files) {
    const std::string path = root + "/" + name;
    if (check) {
      if (ReadText(path) == text) continue;
      ++differing;
      std::cerr << name << " is not what the code says: run build/dev/tests/contract-files .\n";
    } else if (!(std::ofstream(path, std::ios::binary) << text).flush()) {
      throw std::runtime_error(path + ": cannot be written");
    }
  }
  return differing == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lyceum::contract

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string(argv[2]) == "--check";
  if (argc != 2 && !check) {
    std::cerr << "usage: contract-files ROOT [--check]\n";
    return 2;
  }
  try {
    return lyceum::contract::Run(argv[1], check);
  } catch (const std::runtime_error& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
