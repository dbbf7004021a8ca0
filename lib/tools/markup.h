// Markup: the HTML of questions as the text of a course: Markdown, with LaTeX between $$.
//
// Paragraphs, line breaks, lists, emphasis, code, quotations, sub- and superscripts and links are
// carried; MathML is written as LaTeX; \(..\), \[..\] and [mathjax] become $$..$$. Everything else,
// pictures and tables among it, is refused by its name: a question that lost a part is another
// question.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tools/xml.h"

namespace lyceum::tools {

// What is inside the node. kReject: "<img>: a picture".
Result<std::string> MarkdownOf(const XmlNode& node);

// Of a text that may be HTML: where there is no tag and no entity in it, it stays as it is.
Result<std::string> MarkdownOfHtml(std::string_view html);

// \(..\), \[..\], [mathjaxinline] and [mathjax] as $$..$$; white space at the ends is gone.
std::string WithCourseMath(std::string_view text);

// mathml.cc
// LaTeX without its $$. kReject: an element that is not known, by its name.
Result<std::string> LatexOf(const XmlNode& math);

}  // namespace lyceum::tools
