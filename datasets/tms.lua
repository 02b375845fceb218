local g = require "gusto"

return g.dataset {
  name = "tms",
  help = "Tags of Mathematics Stack Exchange: 15,726 users, 1,565 tags, 243,394 sets",
  source = "Stack Exchange, as split by DNNTSP: data/TMS/TMS.json of https://github.com/yule-BUAA/DNNTSP, written as text, a "
    .. "user "
    .. "a line: train|validate|test, user, baskets with commas between items (put it into datasets/raw/basket-tafeng-dc-tms/)",
  cite = "L. Yu et al.: Predicting Temporal Sets with Deep Neural Networks, KDD 2020",
  licence = "CC BY-SA",
  default = "baskets",
  views = {
    baskets = {
      help = "users are split; of validation and test users the last basket is the target and the earlier ones are known; "
        .. "split = \"given\", mask_seen = false",
      {
        "basket-tafeng-dc-tms/TMS.txt", format = "baskets",
        sha256 = {
          "e506d24e8080d7cb88bad9003d25d9aeb6bba908dc21735079f9ba48724d6dfb",
          "9cadc512e3361593f3ac5f831ad7fe7f45c8938f274ac34cf3995dc5a84186c9",
        },
      },
    },
  },
}
