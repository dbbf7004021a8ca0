// XmlNode: an XML document, or a piece of HTML, as a tree of values.
//
// Names are lower case and without their prefix: the readers of questions (course_import.h) do not
// tell namespaces apart. Comments and processing instructions are gone, CDATA is text.
// Nothing is fetched; a DOCTYPE and with it every entity of a document's own is refused. The named
// characters of HTML are known.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lyceum::tools {

inline constexpr int kXmlDepthMax = 64;
inline constexpr size_t kXmlNodesMax = 1'000'000;
inline constexpr size_t kXmlBytesMax = 16 * 1024 * 1024;

struct XmlNode {
  std::string name;  // Empty: text.
  std::string text;  // Of text only.
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlNode> children;
  int line = 0;

  bool is_text() const { return name.empty(); }
  // Empty: there is none.
  std::string Attribute(std::string_view attribute) const;
  bool HasAttribute(std::string_view attribute) const;
  // The first child of that name. Null: there is none.
  const XmlNode* Child(std::string_view child) const;
  std::vector<const XmlNode*> Children(std::string_view child) const;
  // All texts below, as they stand.
  std::string AllText() const;
};

// kReject: not well-formed, a DOCTYPE, deeper than kXmlDepthMax, more than kXmlNodesMax or
// kXmlBytesMax. The text names the line.
Result<XmlNode> ParseXml(std::string_view bytes);

// A piece of HTML of any quality, in a node "body". kReject: only the bounds.
Result<XmlNode> ParseHtml(std::string_view html);

}  // namespace lyceum::tools
