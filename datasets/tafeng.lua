local g = require "gusto"

return g.dataset {
  name = "tafeng",
  help = "Ta-Feng grocery baskets: 9,841 customers, 4,935 products, 73,355 baskets",
  source = "Ta-Feng grocery store, Taiwan, 2000-2001, as split by DNNTSP: data/TaFeng/TaFeng.json of "
    .. "https://github.com/yule-BUAA/DNNTSP, written as text, a user "
    .. "a line: train|validate|test, user, baskets with commas between items (put it into datasets/raw/basket-tafeng-dc-tms/)",
  cite = "L. Yu et al.: Predicting Temporal Sets with Deep Neural Networks, KDD 2020",
  licence = "research use",
  default = "baskets",
  views = {
    baskets = {
      help = "users are split; of validation and test users the last basket is the target and the earlier ones are known; "
        .. "split = \"given\", mask_seen = false",
      {
        "basket-tafeng-dc-tms/TaFeng.txt", format = "baskets",
        sha256 = {
          "e1b32e01c496229561928bffd8a125938831f38796a512a934c0b6144d011979",
          "e45bc0ab2eb49b263cbd23e2237ea2407ca7c8a48553bea2031c7d0f6fc0e297",
        },
      },
    },
  },
}
