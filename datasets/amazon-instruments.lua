local g = require "gusto"

return g.dataset {
  name = "amazon-instruments",
  help = "Amazon Musical Instruments, 5-core: 10,261 ratings with review texts, of 900 items by 1,429 users, 2004-2014",
  source = "J. McAuley's product reviews of 2014, http://jmcauley.ucsd.edu/data/amazon/ (reviews_Musical_Instruments_5.json.gz; "
    .. "unpack it into datasets/raw/ as reviews-musical-instruments/Musical_Instruments_5.json)",
  cite = "R. He, J. McAuley: Ups and downs, WWW 2016",
  licence = "research use with citation",
  default = "reviews",
  views = {
    reviews = {
      help = "ratings with their times and what was written",
      {
        { "reviews-musical-instruments/Musical_Instruments_5.json", "Musical_Instruments_5.json" }, format = "jsonl",
        map = "reviewerID=user,asin=item,overall=rating,unixReviewTime=time,reviewText=review:text",
        sha256 = {
          "b218720361d8b931cb4dd4defe2f145a002f39f865435eedca4d3bdd1a01ccc8",
          "8e1aaab451ba61484dfe393f53d11886246bc426c7046b180b62352580f68c1d",
        },
      },
    },
  },
}
