// What tests/fresh/walk compiles to learn how fast a machine is. Compiled by nothing else; not to be changed.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <regex>
#include <string>
int main(int argc, char** argv) {
  std::map<std::string, std::function<int(int)>> all;
  std::regex pattern("a(b|c)*d+[e-z]{2,4}");
  for (int i = 0; i < argc; ++i) {
    if (std::regex_search(argv[i], pattern)) all[argv[i]] = [i](int n) { return n + i; };
  }
  for (const auto& [name, f] : all) std::cout << name << f(1) << "\n";
}
