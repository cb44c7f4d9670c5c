/** The invented people of the samples. Phones use prefixes that are not assigned (China 154) or reserved for fiction (555-01xx, 7946 0xxx). */

export type Job = { company: string; title: string; start: string; end: string; city?: string; bullets: string[] }
export type School = { school: string; degree: string; field: string; start: string; end: string }
export type Person = {
  file: string
  layout: 'plain' | 'sidebar' | 'form' | 'spaced' | 'board'
  encoding?: 'utf8' | 'gbk' | 'utf16le'
  zh: boolean
  name: string
  phone: string
  email: string
  city: string
  title: string
  link?: string
  summary: string
  jobs: Job[]
  schools: School[]
  skills: string[]
  languages: string[]
}

/** Jobs and schools as `a | b | c` lines keep this file readable: company | title | start | end | bullet; bullet. */
function jobs(text: string): Job[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((part) => part.trim()))
    .map(([company = '', title = '', start = '', end = '', bullets = '']) => ({
      company,
      title,
      start,
      end,
      bullets: bullets.split(';').map((b) => b.trim()),
    }))
}

function schools(text: string): School[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((part) => part.trim()))
    .map(([school = '', degree = '', field = '', start = '', end = '']) => ({ school, degree, field, start, end }))
}

const list = (text: string): string[] => text.split(',').map((part) => part.trim())

export const PEOPLE: Person[] = [
  {
    file: 'zh-01-backend.pdf',
    layout: 'plain',
    zh: true,
    name: '骆云舟',
    phone: '154-0000-0101',
    email: 'luo.yunzhou@example.com',
    city: '杭州',
    title: '高级后端工程师',
    summary: '八年服务端经验，熟悉高并发交易系统与微服务治理。',
    jobs: jobs(`杭州澄湖网络科技有限公司 | 高级后端工程师 | 2020.04 | 至今 | 负责订单与结算服务，日均订单 300 万; 主导从单体到微服务的拆分，发布周期由两周缩短到一天
上海砚台信息技术有限公司 | Java开发工程师 | 2016.07 | 2020.03 | 开发会员与积分系统; 用 Redis 与 Kafka 重构活动模块，峰值 QPS 提升 4 倍`),
    schools: schools('浙江工业大学 | 本科 | 软件工程 | 2012.09 | 2016.06'),
    skills: list('Java,Spring Boot,MySQL,Redis,Kafka,Kubernetes,微服务'),
    languages: list('英语'),
  },
  {
    file: 'zh-02-data.pdf',
    layout: 'sidebar',
    zh: true,
    name: '欧阳静远',
    phone: '154 0000 0102',
    email: 'ouyang.jy@example.com',
    city: '北京',
    title: '数据分析师',
    summary: '五年互联网数据分析经验，擅长指标体系与实验评估。',
    jobs: jobs(`北京木星数据科技有限公司 | 数据分析师 | 2021.03 | 至今 | 搭建增长指标体系与看板; 设计并评估 A/B 测试 60 余次
天津海河零售集团 | 初级数据分析师 | 2019.07 | 2021.02 | 门店销售预测，误差降低 12%; 每周经营分析报告`),
    schools: schools(`中国人民大学 | 硕士 | 应用统计 | 2017.09 | 2019.06
南开大学 | 本科 | 统计学 | 2013.09 | 2017.06`),
    skills: list('SQL,Python,Tableau,Excel,A/B测试,统计分析'),
    languages: list('英语'),
  },
  {
    file: 'zh-03-frontend.docx',
    layout: 'plain',
    zh: true,
    name: '柯以宁',
    phone: '154-0000-0103',
    email: 'ke.yining@example.com',
    city: '成都',
    title: '前端工程师',
    summary: '关注工程化与可用性，六年前端经验。',
    jobs: jobs(`成都青禾软件有限公司 | 前端工程师 | 2019/05 | 至今 | 负责 B 端设计系统与组件库; 首屏时间由 3.2 秒降到 1.1 秒
重庆山城互动科技有限公司 | 前端开发工程师 | 2017/07 | 2019/04 | 开发微信小程序与 H5 活动页`),
    schools: schools('电子科技大学 | 本科 | 计算机科学与技术 | 2013/09 | 2017/06'),
    skills: list('JavaScript,TypeScript,Vue.js,React,Webpack,小程序'),
    languages: list('英语'),
  },
  {
    file: 'zh-04-hr.docx',
    layout: 'form',
    zh: true,
    name: '樊若兰',
    phone: '15400000104',
    email: 'fan.ruolan@example.com',
    city: '武汉',
    title: '人力资源经理',
    summary: '十年制造业与互联网人力资源经验，熟悉招聘与绩效体系。',
    jobs: jobs(`武汉江汉智能装备有限公司 | 人力资源经理 | 2018年3月 | 至今 | 负责 600 人规模公司的招聘与绩效管理; 年度关键岗位到岗率 95%
武汉楚天传媒集团 | 招聘主管 | 2014年7月 | 2018年2月 | 校园招聘与雇主品牌`),
    schools: schools('中南财经政法大学 | 本科 | 人力资源管理 | 2010年9月 | 2014年6月'),
    skills: list('招聘,绩效管理,薪酬福利,员工关系,Excel'),
    languages: list('英语'),
  },
  {
    file: 'zh-05-finance.pdf',
    layout: 'form',
    zh: true,
    name: '祝明澈',
    phone: '154-0000-0105',
    email: 'zhu.mingche@example.com',
    city: '上海',
    title: '财务主管',
    summary: '中级会计师，熟悉成本核算与全面预算。',
    jobs: jobs(`上海远帆食品有限公司 | 财务主管 | 2019.01 | 至今 | 合并报表由手工改为系统出具; 负责年度预算与成本分析
苏州联泰电子有限公司 | 成本会计 | 2015.07 | 2018.12 | 标准成本维护与存货盘点`),
    schools: schools('上海财经大学 | 本科 | 会计学 | 2011.09 | 2015.06'),
    skills: list('成本核算,预算管理,财务分析,SAP,Excel,税务'),
    languages: list('英语'),
  },
  {
    file: 'zh-06-sales.txt',
    layout: 'plain',
    encoding: 'gbk',
    zh: true,
    name: '贺长风',
    phone: '154 0000 0106',
    email: 'he.changfeng@example.com',
    city: '广州',
    title: '大客户经理',
    summary: '七年工业品销售，华南区大客户为主。',
    jobs: jobs(`广州岭南自动化设备有限公司 | 大客户经理 | 2020年5月 | 至今 | 年销售额 3,200 万元，完成率 118%; 开发新能源行业客户 14 家
佛山顺达五金有限公司 | 销售代表 | 2016年8月 | 2020年4月 | 渠道拓展与回款管理`),
    schools: schools('广东工业大学 | 本科 | 市场营销 | 2012年9月 | 2016年6月'),
    skills: list('大客户销售,渠道拓展,商务谈判,招投标,CRM'),
    languages: list('粤语'),
  },
  {
    file: 'zh-07-nurse.html',
    layout: 'board',
    zh: true,
    name: '丛雪盈',
    phone: '154-0000-0107',
    email: 'cong.xueying@example.com',
    city: '长沙',
    title: '主管护师',
    summary: '九年临床护理经验，重症监护专科护士。',
    jobs: jobs(`长沙麓山医院 | 主管护师 | 2019.06 | 至今 | 重症监护病房护理与带教; 院感控制小组成员
湘潭莲城医院 | 护士 | 2015.07 | 2019.05 | 急诊科分诊与急救`),
    schools: schools('中南大学 | 本科 | 护理学 | 2011.09 | 2015.06'),
    skills: list('临床护理,重症监护,心肺复苏,静脉治疗,健康宣教'),
    languages: list('普通话'),
  },
  {
    file: 'zh-08-mechanical.docx',
    layout: 'spaced',
    zh: true,
    name: '童维钧',
    phone: '154-0000-0108',
    email: 'tong.weijun@example.com',
    city: '苏州',
    title: '机械工程师',
    summary: '非标自动化设备设计经验六年。',
    jobs: jobs(`苏州启明精密机械有限公司 | 机械工程师 | 2020.03 | 至今 | 负责锂电装配线的机构设计; 用 ANSYS 做有限元分析，减重 18%
无锡太湖模具有限公司 | 结构设计师 | 2017.07 | 2020.02 | 注塑模具结构设计`),
    schools: schools('江苏大学 | 本科 | 机械设计制造及其自动化 | 2013.09 | 2017.06'),
    skills: list('SolidWorks,AutoCAD,ANSYS,有限元分析,机械设计,公差分析'),
    languages: list('英语'),
  },
  {
    file: 'zh-09-product.pdf',
    layout: 'spaced',
    zh: true,
    name: '简书瑶',
    phone: '154-0000-0109',
    email: 'jian.shuyao@example.com',
    city: '深圳',
    title: '产品经理',
    summary: '五年 SaaS 产品经验，从 0 到 1 做过两条产品线。',
    jobs: jobs(`深圳云帆软件有限公司 | 产品经理 | 2021.02 | 至今 | 负责审批与报表模块，付费转化率提升 9%; 客户访谈 80 余家
广州蓝鲸信息科技有限公司 | 产品专员 | 2018.07 | 2021.01 | 需求分析与原型设计`),
    schools: schools('华南理工大学 | 本科 | 信息管理与信息系统 | 2014.09 | 2018.06'),
    skills: list('需求分析,原型设计,Axure,用户调研,SQL,数据分析'),
    languages: list('英语'),
  },
  {
    file: 'zh-10-designer.pdf',
    layout: 'sidebar',
    zh: true,
    name: '卜嘉言',
    phone: '154-0000-0110',
    email: 'bu.jiayan@example.com',
    city: '厦门',
    title: 'UI设计师',
    link: 'www.behance.net/bujiayan-demo',
    summary: '关注体验与品牌的一致性，七年设计经验。',
    jobs: jobs(`厦门鹭岛创意有限公司 | UI设计师 | 2020.06 | 至今 | 负责旅游应用的界面与设计规范; 组件复用率 85%
福州闽都广告有限公司 | 平面设计师 | 2017.07 | 2020.05 | 品牌物料与活动视觉`),
    schools: schools('福建师范大学 | 本科 | 视觉传达设计 | 2013.09 | 2017.06'),
    skills: list('Figma,Sketch,Photoshop,Illustrator,交互设计,品牌设计'),
    languages: list('英语'),
  },
  {
    file: 'zh-11-algorithm.pdf',
    layout: 'board',
    zh: true,
    name: '闻人哲',
    phone: '154-0000-0111',
    email: 'wenren.zhe@example.com',
    city: '南京',
    title: '算法工程师',
    summary: '推荐与自然语言处理方向，四年经验。',
    jobs: jobs(`南京钟山智能科技有限公司 | 算法工程师 | 2021.07 | 至今 | 推荐系统精排模型，点击率提升 7%; 大模型检索增强问答上线
合肥庐阳信息技术有限公司 | 算法实习生 | 2020.06 | 2020.12 | 文本分类与知识图谱构建`),
    schools: schools(`东南大学 | 硕士 | 计算机技术 | 2018.09 | 2021.06
合肥工业大学 | 本科 | 电子信息工程 | 2014.09 | 2018.06`),
    skills: list('Python,PyTorch,推荐系统,自然语言处理,大模型,C++'),
    languages: list('英语'),
  },
  {
    file: 'zh-12-supply.txt',
    layout: 'board',
    encoding: 'utf16le',
    zh: true,
    name: '鲁开阳',
    phone: '154-0000-0112',
    email: 'lu.kaiyang@example.com',
    city: '青岛',
    title: '供应链经理',
    summary: '十二年家电与汽车零部件供应链经验。',
    jobs: jobs(`青岛海风电器有限公司 | 供应链经理 | 2017.05 | 至今 | 统筹采购、计划与物流，三年降本 6,800 万元; 准时交付率由 88% 提升到 97%
烟台东昌汽车部件有限公司 | 采购工程师 | 2011.07 | 2017.04 | 供应商开发与审核`),
    schools: schools('山东大学 | 本科 | 物流管理 | 2007.09 | 2011.06'),
    skills: list('供应链管理,采购,供应商管理,库存管理,SAP,六西格玛'),
    languages: list('英语'),
  },
  {
    file: 'en-01-backend.pdf',
    layout: 'plain',
    zh: false,
    name: 'Marisol Quintero',
    phone: '(512) 555-0121',
    email: 'marisol.quintero@example.com',
    city: 'Austin, TX',
    title: 'Senior Backend Engineer',
    link: 'github.com/mquintero-demo',
    summary: 'Backend engineer with eight years in payments and logistics platforms.',
    jobs: jobs(`Bluebonnet Payments Inc. | Senior Backend Engineer | Mar 2020 | Present | Own the ledger service, 40 million postings a day; Moved batch settlement to Kafka streams
Pecan Street Software LLC | Software Engineer | Jun 2016 | Feb 2020 | Built REST APIs in Go and Python; Cut p99 latency from 900 to 120 ms`),
    schools: schools('University of Texas at Austin | B.S. | Computer Science | 2012 | 2016'),
    skills: list('Go,Python,PostgreSQL,Kafka,Kubernetes,AWS,gRPC'),
    languages: list('English,Spanish'),
  },
  {
    file: 'en-02-data.pdf',
    layout: 'sidebar',
    zh: false,
    name: 'Tobias Lindqvist',
    phone: '+46 31 390 06 02',
    email: 'tobias.lindqvist@example.com',
    city: 'Gothenburg',
    title: 'Data Scientist',
    summary: 'Statistician turned data scientist; forecasting and causal inference.',
    jobs: jobs(`Nordhamn Mobility AB | Data Scientist | 2021-02 | Present | Demand forecasts for 900 stations; Causal models for pricing experiments
Vastra Insurance Group | Data Analyst | 2018-08 | 2021-01 | Claims dashboards in Tableau`),
    schools: schools(`Chalmers University of Technology | M.Sc. | Engineering Mathematics | 2016 | 2018
Lund University | B.Sc. | Statistics | 2013 | 2016`),
    skills: list('Python,SQL,scikit-learn,Machine Learning,Tableau,Statistics'),
    languages: list('Swedish,English'),
  },
  {
    file: 'en-03-frontend.docx',
    layout: 'plain',
    zh: false,
    name: 'Aoife Brannigan',
    phone: '+353 1 555 0103',
    email: 'aoife.brannigan@example.com',
    city: 'Dublin',
    title: 'Frontend Developer',
    summary: 'Frontend developer who cares about accessibility and speed.',
    jobs: jobs(`Liffey Digital Ltd | Frontend Developer | May 2019 | Present | Design system used by 14 teams; WCAG AA audit and repair of the shop
Harp Street Studios | Junior Web Developer | Sep 2016 | Apr 2019 | Marketing sites in React`),
    schools: schools('University College Dublin | B.A. | Digital Media | 2012 | 2016'),
    skills: list('TypeScript,React,Next.js,CSS,Accessibility,Cypress'),
    languages: list('English,Irish'),
  },
  {
    file: 'en-04-hr.docx',
    layout: 'form',
    zh: false,
    name: 'Devika Ramanathan',
    phone: '+1 (312) 555-0144',
    email: 'devika.ramanathan@example.com',
    city: 'Chicago, IL',
    title: 'HR Manager',
    summary: 'People leader with ten years in manufacturing and health care.',
    jobs: jobs(`Prairie Health Partners | HR Manager | January 2018 | Present | Recruiting and employee relations for 700 staff; Time to hire down by a third
Calumet Steel Corp | Recruiter | July 2013 | December 2017 | Campus recruiting in four states`),
    schools: schools('Northwestern University | Bachelor of Arts | Psychology | 2009 | 2013'),
    skills: list('Recruitment,Employee Relations,Performance Management,Workday,Labor Law'),
    languages: list('English,Tamil'),
  },
  {
    file: 'en-05-accountant.pdf',
    layout: 'form',
    zh: false,
    name: 'Gareth Pritchard',
    phone: '+44 20 7946 0105',
    email: 'gareth.pritchard@example.com',
    city: 'London',
    title: 'Management Accountant',
    summary: 'ACCA accountant; budgeting, month end and cost control.',
    jobs: jobs(`Thornbury Foods Ltd | Management Accountant | 04/2019 | Present | Month end closed in four days; Rolling budget for nine plants
Severn Packaging plc | Assistant Accountant | 09/2015 | 03/2019 | Stock counts and standard costs`),
    schools: schools('Cardiff University | BSc | Accounting and Finance | 2012 | 2015'),
    skills: list('IFRS,Budgeting,Cost Accounting,Financial Reporting,SAP,Excel'),
    languages: list('English,Welsh'),
  },
  {
    file: 'en-06-sales.txt',
    layout: 'plain',
    zh: false,
    name: 'Renata Kowalczyk',
    phone: '+1 (206) 555-0126',
    email: 'renata.kowalczyk@example.com',
    city: 'Seattle, WA',
    title: 'Account Executive',
    summary: 'Seven years of software sales to hospitals.',
    jobs: jobs(`Cascade Health Software Inc. | Account Executive | Feb 2020 | Present | 124 % of quota in 2023; Opened the Alaska territory
Rainier Medical Supplies LLC | Sales Representative | Jul 2016 | Jan 2020 | Managed 60 clinic accounts`),
    schools: schools('Gonzaga University | B.B.A. | Marketing | 2012 | 2016'),
    skills: list('B2B Sales,Salesforce,Negotiation,Key Account Management,CRM'),
    languages: list('English,Polish'),
  },
  {
    file: 'en-07-nurse.html',
    layout: 'board',
    zh: false,
    name: 'Imani Okonjo',
    phone: '+1 (415) 555-0127',
    email: 'imani.okonjo@example.com',
    city: 'Oakland, CA',
    title: 'Registered Nurse',
    summary: 'Critical care nurse with nine years at trauma centres.',
    jobs: jobs(`Lakeshore Trauma Hospital | Registered Nurse | Jun 2018 | Present | 24-bed ICU, charge nurse on nights; Preceptor for new graduates
Marin Bay Clinic | Staff Nurse | Aug 2014 | May 2018 | Triage and wound care`),
    schools: schools('San Francisco State University | BSN | Nursing | 2010 | 2014'),
    skills: list('Patient Care,ICU,Triage,Wound Care,CPR,Electronic Health Records'),
    languages: list('English,Igbo'),
  },
  {
    file: 'en-08-mechanical.docx',
    layout: 'spaced',
    zh: false,
    name: 'Henrik Aldersgaard',
    phone: '+45 20 00 01 08',
    email: 'henrik.aldersgaard@example.com',
    city: 'Copenhagen',
    title: 'Mechanical Engineer',
    summary: 'Design engineer for pumps and wind turbine drives.',
    jobs: jobs(`Sundvind Energy A/S | Mechanical Engineer | 2019-09 | Present | Gearbox housing, 15 % lighter by finite element analysis; Tolerance chains for the yaw drive
Odense Pumps ApS | Design Engineer | 2015-08 | 2019-08 | Casting design in SolidWorks`),
    schools: schools('Technical University of Denmark | M.Sc. | Mechanical Engineering | 2013 | 2015'),
    skills: list('SolidWorks,ANSYS,Finite Element Analysis,GD&T,AutoCAD,MATLAB'),
    languages: list('Danish,English'),
  },
  {
    file: 'en-09-product.pdf',
    layout: 'spaced',
    zh: false,
    name: 'Camille Desrosiers',
    phone: '+1 (514) 555-0129',
    email: 'camille.desrosiers@example.com',
    city: 'Montreal',
    title: 'Product Manager',
    summary: 'Product manager for business software, two launches from zero.',
    jobs: jobs(`Saint-Laurent Software Inc. | Product Manager | Jan 2021 | Present | Approvals and reporting, 9 % more paid conversions; 80 customer interviews
Mont Royal Technologies | Business Analyst | Jun 2017 | Dec 2020 | Requirements and prototypes`),
    schools: schools('McGill University | B.Com. | Information Systems | 2013 | 2017'),
    skills: list('Product Management,User Research,Roadmapping,SQL,Figma,Agile'),
    languages: list('French,English'),
  },
  {
    file: 'en-10-designer.pdf',
    layout: 'sidebar',
    zh: false,
    name: 'Yuki Tanabe',
    phone: '+1 (503) 555-0110',
    email: 'yuki.tanabe@example.com',
    city: 'Portland, OR',
    title: 'Product Designer',
    link: 'dribbble.com/ytanabe-demo',
    summary: 'Product designer for travel and transport apps.',
    jobs: jobs(`Willamette Transit Labs | Product Designer | Apr 2020 | Present | Ticketing app used by 400,000 riders; Design system with 85 % reuse
Rose City Media | Graphic Designer | Jul 2016 | Mar 2020 | Campaign visuals and packaging`),
    schools: schools('Pacific Northwest College of Art | BFA | Graphic Design | 2012 | 2016'),
    skills: list('Figma,Sketch,Photoshop,UX Design,Prototyping,Usability Testing'),
    languages: list('English,Japanese'),
  },
  {
    file: 'en-11-ml.pdf',
    layout: 'board',
    zh: false,
    name: 'Farid Mansouri',
    phone: '+1 (617) 555-0131',
    email: 'farid.mansouri@example.com',
    city: 'Boston, MA',
    title: 'Machine Learning Engineer',
    summary: 'Recommender systems and language models in production.',
    jobs: jobs(`Beacon Hill Analytics Inc. | Machine Learning Engineer | Jul 2021 | Present | Ranking model, 7 % more clicks; Retrieval augmented answers for support
Charles River Robotics | Research Intern | Jun 2020 | Dec 2020 | Text classification for incident reports`),
    schools: schools(`Boston University | M.S. | Artificial Intelligence | 2019 | 2021
University of Vermont | B.S. | Mathematics | 2015 | 2019`),
    skills: list('Python,PyTorch,NLP,Recommender Systems,Large Language Models,Docker'),
    languages: list('English,Persian'),
  },
  {
    file: 'en-12-supply.docx',
    layout: 'board',
    zh: false,
    name: 'Lucinda Barraclough',
    phone: '+44 161 496 0112',
    email: 'lucinda.barraclough@example.com',
    city: 'Manchester',
    title: 'Supply Chain Manager',
    summary: 'Twelve years of purchasing and planning for appliances and vehicles.',
    jobs: jobs(`Pennine Appliances Ltd | Supply Chain Manager | May 2017 | Present | Purchasing, planning and transport, 8 million pounds saved; Stock turns from 6 to 10
Mersey Motor Components plc | Buyer | Sep 2011 | Apr 2017 | Supplier audits in six countries`),
    schools: schools('University of Leeds | BA | Logistics Management | 2008 | 2011'),
    skills: list('Supply Chain Management,Procurement,Supplier Management,Inventory Management,SAP,Six Sigma'),
    languages: list('English'),
  },
]
