/** Cities in Chinese and English under one canonical (English) name. */

/** `Canonical: other spellings`, divided by `;` and `,`. Chinese forms need no suffix, 市 is dropped when looking up. */
const CITIES = `
Beijing:北京,peking;Shanghai:上海;Guangzhou:广州,廣州,canton;Shenzhen:深圳;Hangzhou:杭州;Nanjing:南京;Suzhou:苏州,蘇州;Wuhan:武汉,武漢;Chengdu:成都;Chongqing:重庆,重慶;
Tianjin:天津;Xi'an:西安,xian;Changsha:长沙,長沙;Zhengzhou:郑州,鄭州;Qingdao:青岛,青島;Jinan:济南;Dalian:大连;Shenyang:沈阳;Harbin:哈尔滨;Changchun:长春;Xiamen:厦门,廈門;
Fuzhou:福州;Quanzhou:泉州;Zhangzhou:漳州;Ningbo:宁波;Wenzhou:温州;Jiaxing:嘉兴;Shaoxing:绍兴;Jinhua:金华;Taizhou:台州;Huzhou:湖州;Wuxi:无锡;Changzhou:常州;Nantong:南通;
Xuzhou:徐州;Yangzhou:扬州;Zhenjiang:镇江;Yancheng:盐城;Hefei:合肥;Wuhu:芜湖;Nanchang:南昌;Ganzhou:赣州;Kunming:昆明;Guiyang:贵阳;Nanning:南宁;Guilin:桂林;Liuzhou:柳州;Haikou:海口;
Sanya:三亚;Lanzhou:兰州;Yinchuan:银川;Xining:西宁;Urumqi:乌鲁木齐;Lhasa:拉萨;Hohhot:呼和浩特;Baotou:包头;Taiyuan:太原;Shijiazhuang:石家庄;Baoding:保定;Tangshan:唐山;Langfang:廊坊;
Dongguan:东莞;Foshan:佛山;Zhuhai:珠海;Zhongshan:中山;Huizhou:惠州;Shantou:汕头;Jiangmen:江门;Zhanjiang:湛江;Yichang:宜昌;Xiangyang:襄阳;Luoyang:洛阳;Kaifeng:开封;Zhoukou:周口;
Mianyang:绵阳;Yantai:烟台;Weifang:潍坊;Linyi:临沂;Zibo:淄博;Weihai:威海;Zhuzhou:株洲;Xiangtan:湘潭;Hengyang:衡阳;Kunshan:昆山;Yiwu:义乌;Xianyang:咸阳;Daqing:大庆;Jilin City:吉林市;
Hong Kong:香港,hongkong,hk;Macau:澳门,澳門,macao;Taipei:台北,臺北;New Taipei:新北;Taichung:台中,臺中;Kaohsiung:高雄;Hsinchu:新竹;Tainan:台南,臺南;Taoyuan:桃园,桃園;
Singapore:新加坡;Tokyo:东京,東京;Osaka:大阪;Kyoto:京都;Seoul:首尔;Bangkok:曼谷;Kuala Lumpur:吉隆坡;Jakarta:雅加达;Manila:马尼拉;Hanoi:河内;Ho Chi Minh City:胡志明,saigon;
Mumbai:孟买,bombay;Delhi:德里,new delhi;Bangalore:班加罗尔,bengaluru;Hyderabad:;Chennai:;Pune:;Kolkata:calcutta;Ahmedabad:;Noida:;Gurgaon:gurugram;Dubai:迪拜;Abu Dhabi:;Riyadh:;Doha:;
Tel Aviv:;Haifa:;Jerusalem:;Istanbul:;Ankara:;Cairo:开罗;Lagos:;Nairobi:;Accra:;Cape Town:;Johannesburg:;Casablanca:;Sydney:悉尼;Melbourne:墨尔本;Brisbane:;Perth:;Adelaide:;Canberra:;Auckland:奥克兰;
Wellington:;London:伦敦,倫敦;Manchester:曼彻斯特;Birmingham:;Leeds:;Edinburgh:爱丁堡;Glasgow:;Bristol:;Cambridge:;Oxford:;Dublin:都柏林;Cork:;Paris:巴黎;Lyon:;Toulouse:;Berlin:柏林;
Munich:慕尼黑,münchen,muenchen;Hamburg:汉堡;Frankfurt:法兰克福;Cologne:köln;Stuttgart:;Düsseldorf:dusseldorf;Leipzig:;Vienna:wien,维也纳;Zurich:zürich,苏黎世;Geneva:genève;Basel:;Amsterdam:阿姆斯特丹;
Rotterdam:;Eindhoven:;Utrecht:;The Hague:;Brussels:bruxelles;Antwerp:;Madrid:马德里;Barcelona:巴塞罗那;Valencia:;Seville:;Lisbon:lisboa;Porto:;Rome:roma,罗马;Milan:milano,米兰;Turin:;Athens:;
Copenhagen:;Stockholm:;Gothenburg:;Oslo:;Bergen:;Helsinki:;Warsaw:;Krakow:kraków;Wroclaw:;Prague:;Brno:;Budapest:;Bucharest:;Cluj-Napoca:;Sofia:;Belgrade:;Zagreb:;Kyiv:kiev;Moscow:莫斯科;
Saint Petersburg:st. petersburg;Tallinn:;Riga:;Vilnius:;New York:纽约,nyc,new york city;Los Angeles:洛杉矶;San Francisco:旧金山,三藩市;San Jose:;Palo Alto:;Mountain View:;Sunnyvale:;
Menlo Park:;Oakland:;Berkeley:;San Diego:;Sacramento:;Irvine:;Seattle:西雅图;Bellevue:;Redmond:;Portland:;Denver:;Boulder:;Salt Lake City:;Phoenix:;Austin:;Dallas:;Houston:休斯顿;San Antonio:;
Chicago:芝加哥;Minneapolis:;Milwaukee:;Madison:;Detroit:;Ann Arbor:;Cleveland:;Columbus:;Cincinnati:;Pittsburgh:;Philadelphia:费城;Boston:波士顿;Providence:;Hartford:;Stamford:;Newark:;Jersey City:;
Baltimore:;Washington:华盛顿,washington dc,washington d.c.;Arlington:;Richmond:;Raleigh:;Durham:;Charlotte:;Atlanta:亚特兰大;Miami:;Orlando:;Tampa:;Jacksonville:;Nashville:;Memphis:;St. Louis:saint louis;
Kansas City:;Indianapolis:;Omaha:;New Orleans:;Las Vegas:;Honolulu:;Toronto:多伦多;Vancouver:温哥华;Montreal:montréal;Ottawa:;Calgary:;Edmonton:;Waterloo:;Mexico City:;Guadalajara:;Monterrey:;
São Paulo:sao paulo;Rio de Janeiro:;Buenos Aires:;Santiago:;Bogotá:bogota;Lima:;Remote:远程
`

const CANONICAL = new Map<string, string>()
const NAMES: string[] = []
for (const entry of CITIES.split(/;|\n/)) {
  const [name = '', others = ''] = entry.trim().split(':')
  for (const spelling of [name, ...others.split(',')]) {
    const key = spelling.trim().toLowerCase()
    if (key === '' || name === '') continue
    CANONICAL.set(key, name)
    NAMES.push(key)
  }
}
NAMES.sort((a, b) => b.length - a.length)

/** True for the name of a listed city and nothing else: "Boston", "北京市", but not "Boston Dynamics". */
export function isCity(text: string): boolean {
  const key = text.normalize('NFKC').trim().toLowerCase()
  return CANONICAL.has(key) || CANONICAL.has(key.replace(/市$/, ''))
}

/**
 * The canonical English name of a place ("北京市朝阳区" -> "Beijing", "Austin, TX" -> "Austin"), or null where none is known.
 * Chinese names are found at the start or inside of an address, English ones as whole words before the first comma or anywhere behind it.
 */
export function canonicalCity(raw: string): string | null {
  const text = raw.normalize('NFKC').trim().toLowerCase()
  const exact = CANONICAL.get(text) ?? CANONICAL.get(text.replace(/市$/, ''))
  if (exact) return exact
  for (const name of NAMES) {
    const at = text.indexOf(name)
    if (at < 0) continue
    if (/\p{Script=Han}/u.test(name) || (!/[\p{L}\d]/u.test(text[at - 1] ?? ' ') && !/[\p{L}\d]/u.test(text[at + name.length] ?? ' '))) {
      return CANONICAL.get(name) ?? null
    }
  }
  return null
}
