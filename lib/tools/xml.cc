#include "tools/xml.h"

#include <fmt/format.h>
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace lyceum::tools {
namespace {

struct FreeDocument {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, FreeDocument>;

struct FreeContext {
  void operator()(xmlParserCtxt* context) const { xmlFreeParserCtxt(context); }
};
using Context = std::unique_ptr<xmlParserCtxt, FreeContext>;

std::string LowerName(const xmlChar* name) {
  std::string lower = name == nullptr ? "" : reinterpret_cast<const char*>(name);
  // The HTML parser keeps prefixes in the name.
  if (const size_t colon = lower.rfind(':'); colon != std::string::npos) lower.erase(0, colon + 1);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string TextIn(const xmlChar* content) {
  return content == nullptr ? "" : reinterpret_cast<const char*>(content);
}

// Copies a tree within its bounds.
class Copier {
 public:
  Result<XmlNode> Copy(const xmlNode* from, int depth) {
    if (depth > kXmlDepthMax) {
      return Reject(fmt::format("elements in each other {} deep: at most {}", depth, kXmlDepthMax));
    }
    XmlNode node;
    node.name = LowerName(from->name);
    if (node.name.empty()) node.name = "?";
    node.line = static_cast<int>(xmlGetLineNo(from));
    for (const xmlAttr* attribute = from->properties; attribute; attribute = attribute->next) {
      std::string value;
      for (const xmlNode* part = attribute->children; part; part = part->next) {
        if (part->type == XML_ENTITY_REF_NODE) return Reject("an entity of its own");
        value += TextIn(part->content);
      }
      node.attributes.emplace_back(LowerName(attribute->name), std::move(value));
    }
    for (const xmlNode* child = from->children; child != nullptr; child = child->next) {
      if (++nodes_ > kXmlNodesMax) return Reject("more than 1,000,000 elements and texts");
      if (child->type == XML_ELEMENT_NODE) {
        auto copied = Copy(child, depth + 1);
        if (!copied) return copied;
        node.children.push_back(std::move(*copied));
      } else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
        AddText(TextIn(child->content), static_cast<int>(xmlGetLineNo(child)), &node);
      } else if (child->type == XML_ENTITY_REF_NODE) {
        return Reject(
            fmt::format("line {}: the entity &{};", xmlGetLineNo(child), TextIn(child->name)));
      }
    }
    return node;
  }

 private:
  static void AddText(std::string text, int line, XmlNode* node) {
    if (text.empty()) return;
    if (!node->children.empty() && node->children.back().is_text()) {
      node->children.back().text += text;
      return;
    }
    XmlNode child;
    child.text = std::move(text);
    child.line = line;
    node->children.push_back(std::move(child));
  }

  size_t nodes_ = 0;
};

// Names of HTML's characters, as files have them that were written by hand: &nbsp; is &#160;. The
// five of XML stay, and so does what is in CDATA.
std::string WithCharacters(std::string_view xml) {
  constexpr std::string_view kOpen = "<![CDATA[";
  constexpr size_t kNameBytesMax = 16;
  std::string out;
  out.reserve(xml.size());
  for (size_t i = 0; i < xml.size();) {
    if (xml[i] == '<' && xml.substr(i, kOpen.size()) == kOpen) {
      const size_t end = std::min(xml.find("]]>", i), xml.size());
      out += xml.substr(i, end - i);
      i = end;
      continue;
    }
    const std::string_view near = xml.substr(i, kNameBytesMax);
    const size_t end = xml[i] == '&' ? near.find(';') : std::string_view::npos;
    if (end != std::string_view::npos) {
      const std::string name(near.substr(1, end - 1));
      const bool of_xml =
          name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos";
      const htmlEntityDesc* known =
          of_xml ? nullptr : htmlEntityLookup(reinterpret_cast<const xmlChar*>(name.c_str()));
      if (known != nullptr) {
        out += fmt::format("&#{};", known->value);
        i += end + 1;
        continue;
      }
    }
    out += xml[i++];
  }
  return out;
}

}  // namespace

std::string XmlNode::Attribute(std::string_view attribute) const {
  for (const auto& [key, value] : attributes) {
    if (key == attribute) return value;
  }
  return {};
}

bool XmlNode::HasAttribute(std::string_view attribute) const {
  for (const auto& [key, value] : attributes) {
    if (key == attribute) return true;
  }
  return false;
}

const XmlNode* XmlNode::Child(std::string_view child) const {
  for (const XmlNode& node : children) {
    if (node.name == child) return &node;
  }
  return nullptr;
}

std::vector<const XmlNode*> XmlNode::Children(std::string_view child) const {
  std::vector<const XmlNode*> found;
  for (const XmlNode& node : children) {
    if (node.name == child) found.push_back(&node);
  }
  return found;
}

std::string XmlNode::AllText() const {
  std::string all = text;
  for (const XmlNode& node : children) all += node.AllText();
  return all;
}

Result<XmlNode> ParseXml(std::string_view bytes) {
  if (bytes.size() > kXmlBytesMax) return Reject("larger than 16 MiB");
  const std::string text = WithCharacters(bytes);
  const Context context(xmlNewParserCtxt());
  if (!context) return Reject("no memory for an XML parser");
  constexpr int kOptions =
      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
  const Document document(xmlCtxtReadMemory(
      context.get(), text.data(), static_cast<int>(text.size()), nullptr, nullptr, kOptions));
  if (!document || context->wellFormed == 0) {
    const xmlError* error = xmlCtxtGetLastError(context.get());
    std::string why = error != nullptr && error->message != nullptr ? error->message : "not XML";
    while (!why.empty() && std::isspace(static_cast<unsigned char>(why.back())) != 0) {
      why.pop_back();
    }
    return Reject(fmt::format("line {}: {}", error != nullptr ? error->line : 0, why));
  }
  if (document->intSubset != nullptr) return Reject("a DOCTYPE, which is not read: leave it out");
  const xmlNode* root = xmlDocGetRootElement(document.get());
  if (root == nullptr) return Reject("an empty document");
  return Copier().Copy(root, 1);
}

Result<XmlNode> ParseHtml(std::string_view html) {
  if (html.size() > kXmlBytesMax) return Reject("larger than 16 MiB");
  XmlNode body;
  body.name = "body";
  if (html.find_first_not_of(" \t\r\n") == std::string_view::npos) return body;
  constexpr int kOptions = HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR |
                           HTML_PARSE_NOWARNING | HTML_PARSE_NODEFDTD;
  const Document document(
      htmlReadMemory(html.data(), static_cast<int>(html.size()), nullptr, "UTF-8", kOptions));
  const xmlNode* root = document ? xmlDocGetRootElement(document.get()) : nullptr;
  if (root == nullptr) return Reject("not HTML");
  auto copied = Copier().Copy(root, 0);
  if (!copied) return copied;
  // The parser sorts what it finds into a head and a body.
  for (XmlNode& child : copied->children) {
    if (child.name == "body" || child.name == "head") {
      for (XmlNode& inner : child.children) body.children.push_back(std::move(inner));
    } else {
      body.children.push_back(std::move(child));
    }
  }
  return body;
}

}  // namespace lyceum::tools
