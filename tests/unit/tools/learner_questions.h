// Questions of learners on the default course, in people's own words, and where the course answers
// them.
#pragma once

#include <string>
#include <vector>

namespace lyceum::tools {

struct LearnerQuestion {
  const char* topic;  // Where the learner is.
  const char* open;   // The open question; empty: none.
  const char* asks;
  const char* finds;  // A part of the right passage, or of one of them: a|b. Of `same`: not used.
  bool same = false;  // It is what the open question asks, which is said.
};

inline const std::vector<LearnerQuestion>& LearnerQuestions() {
  static const std::vector<LearnerQuestion> kAll = {
      // --- What a fraction is: words of the topic
      {"meaning", "", "what is the bottom number called", "below the line is the denominator"},
      {"meaning", "", "whats a numerator", "above the line is the numerator"},
      {"meaning", "", "which one is the top number again?", "above the line is the numerator"},
      {"meaning", "", "do the pieces have to be the same size", "The parts must be equal"},
      {"meaning", "", "why cant i cut the cake in unequal pieces", "The parts must be equal"},
      {"meaning", "", "what does equivalent mean", "are called equivalent"},
      {"meaning", "", "how can 3/4 and 6/8 be the same thing", "3/4 and 6/8 are the same amount"},
      {"meaning", "", "how do i make a fraction simpler", "lowest terms"},
      {"meaning", "", "when is it fully reduced?", "lowest terms"},
      {"meaning", "", "what are lowest terms", "lowest terms"},
      {"meaning", "", "how to simplify 10/15", "to write 10/15 with smaller numbers"},
      {"meaning", "", "What is a mixed number?", "is called a mixed number"},
      {"meaning", "", "how do you turn a mixed number back into a fraction", "turn the whole into"},
      {"meaning", "", "can a fraction be bigger than one", "you can put together one whole cake"},
      {"meaning", "", "what do i do with 2 1/3", "2 1/3 has two wholes"},
      {"meaning", "", "im confused about top heavy fractions", "7/4 is the same as 1 3/4"},
      {"meaning", "", "denominator??", "below the line is the denominator"},
      {"meaning", "", "what's the number underneath for", "below the line is the denominator"},
      {"meaning", "", "what is a fraction", "What you have taken is three quarters"},
      {"multiplying", "", "what's a fraction again?", "What you have taken is three quarters"},
      {"meaning", "", "is 3/4 equal to 6/8", "3/4 and 6/8 are the same amount"},
      {"meaning", "", "what does it mean for fractions to be equivalent", "are called equivalent"},
      // --- with a question open
      {"meaning", "meaning-denominator", "what is a denominator?", "", true},
      {"meaning", "meaning-denominator", "what does the bottom number mean", "", true},
      {"meaning", "meaning-denominator", "what is a numerator", "above the line is the numerator"},
      {"meaning", "meaning-denominator", "whats the top number", "above the line is the numerator"},
      {"meaning", "meaning-denominator", "what does equivalent mean?", "are called equivalent"},
      {"meaning", "meaning-denominator", "what is a mixed number", "is called a mixed number"},
      {"meaning", "meaning-denominator", "when is a fraction in lowest terms", "lowest terms"},
      {"meaning", "meaning-lowest", "what does lowest terms mean", "lowest terms"},
      {"meaning", "meaning-lowest", "how do I reduce a fraction", "lowest terms"},
      {"meaning", "meaning-mixed", "what's a mixed number again", "is called a mixed number"},
      {"meaning", "meaning-parts", "what number goes below the line", "below the line"},
      {"meaning", "meaning-parts", "which fraction of the bar has she eaten?", "", true},
      // --- Adding
      {"adding", "", "how do i add fractions with the same bottom",
       "so only the numerators are added"},
      {"adding", "", "why does the denominator stay the same", "The denominator stays"},
      {"adding", "", "why dont we add the denominators too",
       "The denominator stays|Adding numerator to numerator"},
      {"adding", "", "why do i need a common denominator", "can not be counted together"},
      {"multiplying", "", "how do i add fractions", "so only the numerators are added"},
      {"multiplying", "", "what happens when you multiply two fractions",
       "To take a part of a part, multiply"},
      {"adding", "", "what is a common denominator", "A common denominator is a number"},
      {"adding", "", "why can't I just add a half and a third", "can not be counted together"},
      {"adding", "", "what do you do when the denominators are different",
       "can not be counted together"},
      {"adding", "", "do i need the lcm", "The least common multiple"},
      {"adding", "", "is it ok to just multiply both bottoms together", "The product of both"},
      {"adding", "", "how do I take away fractions", "Subtraction works in the same way"},
      {"adding", "", "how does subtracting work?", "Subtraction works in the same way"},
      {"adding", "", "how can i check if my answer makes sense", "look at the size"},
      {"adding", "", "my answer is less than what i started with, is that possible",
       "look at the size"},
      {"adding", "adding-different", "how do you find a common denominator",
       "A common denominator is a number|The product of both denominators always works"},
      {"adding", "adding-different", "what is 1/4 plus 2/3", "", true},
      {"adding", "adding-common", "what does least common multiple mean",
       "The least common multiple"},
      {"adding", "adding-walk", "how far does ben walk?", "", true},
      // --- of another topic
      {"adding", "", "what is a denominator", "below the line is the denominator"},
      {"adding", "", "what was a mixed number", "is called a mixed number"},
      {"adding", "", "how do you multiply fractions", "To take a part of a part, multiply"},
      {"multiplying", "", "what does equivalent mean", "are called equivalent"},
      {"multiplying", "", "what is a common denominator", "A common denominator is a number"},
      {"meaning", "", "what is a reciprocal", "The reciprocal has numerator and denominator"},
      {"meaning", "", "what does percent mean", "Percent means"},
      // --- Multiplying
      {"multiplying", "", "how do i times two fractions", "To take a part of a part, multiply"},
      {"multiplying", "", "do I need the same denominator to multiply?",
       "No common denominator is needed"},
      {"multiplying", "", "why do you flip the second fraction", "multiply by its reciprocal"},
      {"multiplying", "", "how do you divide by a fraction", "to divide by a fraction"},
      {"multiplying", "", "what does it mean to divide",
       "To divide is to ask how often one number fits"},
      {"multiplying", "", "how do I get 30 % of something", "30 % of 50"},
      {"multiplying", "multiplying-percent", "what is a percentage?", "Percent means"},
      {"multiplying", "multiplying-rule", "what's a reciprocal",
       "The reciprocal has numerator and denominator"},
      {"multiplying", "multiplying-fits", "how many glasses does the jug fill", "", true},
  };
  return kAll;
}

}  // namespace lyceum::tools
