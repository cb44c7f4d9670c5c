/**
 * Traditional characters folded to simplified ones, for the index only: a search for 软件工程师 finds 軟體工程師's characters in common.
 * Written as pairs (traditional, simplified) of the characters that are frequent in résumés; the map is many to one, so folding is safe
 * without a dictionary, but regional words (軟體 and 软件) stay different words.
 */
const PAIRS =
  '軟软體体開开發发設设計计師师經经驗验學学歷历專专業业畢毕電电腦脑網网絡络數数據据庫库務务產产團团隊队項项運运營营銷销級级員员資资' +
  '財财會会語语聯联繫系話话郵邮個个證证書书獎奖實实習习職职責责負负領领導导協协調调溝沟測测試试維维護护優优構构製制圖图術术創创雲云' +
  '機机動动視视覺觉處处標标準准錄录讀读寫写編编碼码頁页麵面廣广東东灣湾臺台國国際际區区縣县鎮镇鄉乡碩硕歲岁齡龄別别愛爱興兴長长時时' +
  '間间問问題题門门關关係系統统過过達达選选進进遠远還还從从後后來来無无為为當当與与對对於于這这點点線线組组織织結结續续綜综總总績绩' +
  '約约紀纪純纯給给絕绝終终細细紹绍繪绘練练緊紧緒绪縮缩變变讓让議议記记許许訂订訊讯訓训託托診诊評评詞词該该詳详認认誌志誠诚說说課课' +
  '談谈請请論论諮咨講讲謝谢識识譯译豐丰貝贝貢贡貨货販贩貫贯貸贷費费貿贸賃赁賓宾賞赏賣卖質质賬账購购贈赠贊赞車车軌轨軍军輔辅輕轻輛辆' +
  '輪轮輯辑輸输轉转辦办農农遲迟適适遷迁鄰邻醫医釋释針针鋼钢錢钱鐵铁銀银銅铜鍵键鏈链鑑鉴閱阅陳陈陸陆陽阳階阶隨随險险雙双雜杂離离難难' +
  '靈灵靜静響响頂顶預预頻频顧顾顯显風风飛飞飲饮館馆馬马驅驱驟骤魚鱼鮮鲜麗丽黃黄齊齐龍龙龐庞併并佈布倉仓側侧偉伟備备傑杰傳传債债價价' +
  '億亿儀仪儲储兒儿兩两冊册凍冻劃划劉刘剛刚劑剂勁劲勞劳勢势勝胜華华單单嚴严園园圍围執执場场報报塊块壓压壇坛夠够夢梦奪夺婦妇媽妈孫孙' +
  '寧宁審审寶宝將将尋寻層层屬属島岛嶺岭帶带幣币幫帮幹干幾几廠厂廳厅張张強强彈弹彙汇徑径復复應应懷怀態态慮虑慶庆憑凭戰战戲戏戶户擁拥' +
  '擇择擔担擴扩擬拟攝摄敗败敵敌斷断暫暂條条極极榮荣樂乐樓楼樣样樹树橋桥檔档檢检櫃柜權权歐欧歸归殘残殺杀氣气決决沒没況况淨净湯汤溫温' +
  '滿满漢汉漸渐潔洁潤润濟济濱滨瀏浏煉炼燈灯爭争爾尔牆墙獨独獲获現现環环瓊琼畫画異异療疗盡尽監监盤盘眾众確确礎础禮礼種种稱称積积穩稳' +
  '窮穷競竞筆笔節节範范築筑簡简簽签籌筹糧粮紅红紙纸綠绿緣缘縱纵繼继纖纤羅罗義义聖圣聞闻聲声聽听腫肿臉脸臨临舊旧蘇苏莊庄藝艺藥药蘭兰' +
  '蟲虫衛卫補补裝装複复觀观規规覽览觸触討讨'

const FOLD = new Map<string, string>()
for (let i = 0; i + 1 < PAIRS.length; i += 2) FOLD.set(PAIRS[i]!, PAIRS[i + 1]!)

/** Character by character; everything that is not in the table stays. */
export function toSimplified(text: string): string {
  let out = ''
  for (const character of text) out += FOLD.get(character) ?? character
  return out
}
