/**
 * The skill list: one concept a line part, `Canonical:alias,alias`, divided by `;`. Canonical names are those the field writes; Chinese concepts
 * without an established English name keep their Chinese one. Written by hand for résumés and adverts in both languages.
 */
const SOFTWARE = `
Java:;JavaScript:js,ecmascript,es6;TypeScript:ts;Python:python3;C++:cpp,c加加;C#:csharp,c sharp;C:c语言,c 语言;Go:golang,go语言,go 语言;Rust:;Ruby:;PHP:;Swift:;Objective-C:objc;Kotlin:;Scala:;R:r语言,r 语言;
Perl:;Lua:;Dart:;Haskell:;Elixir:;Erlang:;Clojure:;Groovy:;Julia:;MATLAB:;Fortran:;COBOL:;Assembly:assembler,汇编,汇编语言;VBA:;Visual Basic:vb.net,vb6;Shell:bash,shell脚本,shell scripting,shell script;PowerShell:;
SQL:sql语言;PL/SQL:plsql;T-SQL:tsql;HTML:html5;CSS:css3;Sass:scss;Less:;XML:;JSON:;YAML:;Solidity:;Verilog:;VHDL:;LaTeX:;Delphi:;
React:react.js,reactjs;React Native:;Redux:;Next.js:nextjs;Vue.js:vue,vuejs,vue2,vue3;Vuex:;Pinia:;Nuxt.js:nuxt;Angular:angularjs,angular.js;Svelte:sveltekit;jQuery:;Bootstrap:;Tailwind CSS:tailwind,tailwindcss;Ant Design:antd;
Element UI:element-ui,element plus;Webpack:;Vite:;Rollup:;Babel:;ESLint:;Node.js:node,nodejs,node js;Express:express.js,expressjs;NestJS:nest.js;Koa:koa.js;Electron:;Three.js:threejs;D3.js:d3;ECharts:;WebGL:;WebSocket:websockets;
WebAssembly:wasm;Uni-app:uniapp;Mini Programs:小程序,微信小程序,小程序开发,wechat mini program;Flutter:;Ionic:;Android:安卓,android开发;iOS:ios开发;SwiftUI:;Jetpack Compose:;HarmonyOS:鸿蒙;Unity:unity3d;Unreal Engine:unreal,ue4,ue5;
Cocos:cocos2d,cocos creator;Qt:;Spring:spring framework;Spring Boot:springboot;Spring Cloud:springcloud;Spring MVC:springmvc;Spring Security:;Hibernate:;MyBatis:mybatis-plus,mybatis plus;Struts:struts2;JPA:;JDBC:;Netty:;Dubbo:;
JUnit:;Maven:;Gradle:;Tomcat:apache tomcat;JVM:;Django:;Flask:;FastAPI:;Celery:;Ruby on Rails:rails,ror;Laravel:;Symfony:;.NET:dotnet,.net framework;.NET Core:dotnet core;ASP.NET:asp.net core,asp.net mvc;Entity Framework:;WPF:;
Gin:;gRPC:;GraphQL:;REST APIs:rest api,restful,restful api,rest,restful apis;SOAP:;OpenAPI:swagger;Microservices:微服务,micro services,microservice,微服务架构;Distributed Systems:分布式系统,分布式,分布式架构,distributed system;
High Concurrency:高并发;System Design:系统设计,架构设计,系统架构;Design Patterns:设计模式;Data Structures:数据结构;Algorithms:算法,算法设计;Multithreading:多线程,并发编程;OOP:面向对象,object-oriented programming;
MySQL:;PostgreSQL:postgres;Oracle:oracle db,oracle database,oracle数据库;SQL Server:mssql,ms sql server,microsoft sql server,ms sql;SQLite:;MongoDB:mongo;Redis:;Memcached:;Elasticsearch:elastic search,es搜索;Cassandra:;
HBase:;DynamoDB:;Neo4j:;InfluxDB:;ClickHouse:;MariaDB:;DB2:;Snowflake:;BigQuery:google bigquery;Redshift:;TiDB:;OceanBase:;Doris:apache doris;StarRocks:;Hive:apache hive;Hadoop:;HDFS:;Spark:apache spark,pyspark;Flink:apache flink;
Storm:apache storm;Kafka:apache kafka;RabbitMQ:;RocketMQ:;ActiveMQ:;ZooKeeper:;Airflow:apache airflow;dbt:;Presto:trino;Impala:;Sqoop:;Flume:;Kettle:;DataX:;Informatica:;Talend:;ETL:elt;Data Warehousing:数据仓库,数仓,data warehouse;
Data Modeling:数据建模,data modelling;Data Governance:数据治理;Databases:数据库,database design,数据库设计;NoSQL:;Docker:容器化;Kubernetes:k8s;Helm:;Istio:;Terraform:;Ansible:;Puppet:;Chef:;Jenkins:;GitLab CI:gitlab;GitHub Actions:;
CircleCI:;Argo CD:argocd;CI/CD:cicd,持续集成,continuous integration;DevOps:;SRE:site reliability engineering;Prometheus:;Grafana:;Zabbix:;ELK:elk stack,logstash,kibana;Nginx:;Apache HTTP Server:apache;HAProxy:;Linux:linux系统,centos,ubuntu,红帽;
Unix:;Windows Server:;VMware:;OpenStack:;AWS:amazon web services,亚马逊云;Azure:microsoft azure;Google Cloud:gcp,google cloud platform;Alibaba Cloud:阿里云,aliyun;Tencent Cloud:腾讯云;Huawei Cloud:华为云;EC2:;S3:;AWS Lambda:lambda;Serverless:;
Git:;SVN:subversion;GitHub:;Jira:;Confluence:;TCP/IP:tcp;HTTP:https;OAuth:oauth2;Network Security:网络安全,信息安全,cybersecurity,cyber security,information security;Penetration Testing:渗透测试;Cisco:ccna,ccnp;Networking:计算机网络,computer networks;
Operating Systems:操作系统;Embedded Systems:嵌入式,嵌入式开发,嵌入式系统;RTOS:freertos;ARM:;STM32:;FPGA:;PLC:;MCU:单片机;ROS:;CAN Bus:can总线;IoT:物联网,internet of things;Blockchain:区块链;AR/VR:虚拟现实;Software Testing:软件测试;
Test Automation:自动化测试,automated testing,automation testing;Performance Testing:性能测试;Functional Testing:功能测试;Unit Testing:单元测试,unit tests;Selenium:;Appium:;Cypress:;Playwright:;Jest:;Mocha:;Pytest:;JMeter:;LoadRunner:;
Postman:;TestNG:;Cucumber:;Quality Assurance:qa
`
const DATA = `
Machine Learning:机器学习,ml;Deep Learning:深度学习;NLP:自然语言处理,natural language processing;Computer Vision:计算机视觉,cv算法;Reinforcement Learning:强化学习;Recommender Systems:推荐系统,推荐算法,recommendation systems,recommendation system;
Large Language Models:大模型,大语言模型,llm,llms;Prompt Engineering:提示词工程,提示工程;RAG:retrieval augmented generation,检索增强;Generative AI:生成式ai,aigc,genai;Artificial Intelligence:人工智能;PyTorch:;TensorFlow:;Keras:;JAX:;scikit-learn:sklearn;
XGBoost:;LightGBM:;Pandas:;NumPy:;SciPy:;Matplotlib:;OpenCV:;Hugging Face:transformers;BERT:;CUDA:;MLflow:;MLOps:;LangChain:;Feature Engineering:特征工程;Knowledge Graphs:知识图谱,knowledge graph;Speech Recognition:语音识别;Image Processing:图像处理;
Data Analysis:数据分析,data analytics;Data Mining:数据挖掘;Data Visualization:数据可视化,data visualisation;Data Science:数据科学;Big Data:大数据;Statistics:统计学,统计分析,statistical analysis;A/B Testing:ab测试,a/b测试,a/b 测试,ab testing,a/b test;Tableau:;
Power BI:powerbi;Looker:;FineBI:帆软,finereport;QlikView:qlik;Google Analytics:ga4;SPSS:;SAS:;Stata:;EViews:;Web Scraping:爬虫,网络爬虫,python爬虫;Time Series:时间序列;Regression Analysis:回归分析;Operations Research:运筹学;Biostatistics:生物统计
`
const BUSINESS = `
Microsoft Excel:excel,ms excel,excel表,excel表格;Microsoft Word:word文档;PowerPoint:ppt,microsoft powerpoint;Microsoft Office:office,ms office,office办公软件,办公软件,office软件;Outlook:microsoft outlook;Visio:;Microsoft Project:ms project;Google Workspace:g suite;
WPS:wps office;Notion:;Slack:;Asana:;Trello:;Project Management:项目管理;Product Management:产品管理;Product Design:产品设计;Product Planning:产品规划;Requirements Analysis:需求分析,requirement analysis;PRD:prd文档;Prototyping:原型设计;User Research:用户研究,用户调研;
Competitive Analysis:竞品分析;Agile:敏捷,敏捷开发;Scrum:;Kanban:看板;PMP:;PRINCE2:;Six Sigma:六西格玛;Lean:精益,精益生产,lean manufacturing;Business Analysis:业务分析,商业分析;Market Research:市场调研,市场研究;Strategic Planning:战略规划;Business Development:商务拓展,业务拓展;
Stakeholder Management:;Team Management:团队管理,team leadership;Leadership:领导力;Communication:沟通能力,communication skills;Negotiation:谈判,商务谈判;Presentation:;Problem Solving:problem-solving;Time Management:;Customer Service:客户服务,客服;
Customer Relationship Management:客户关系管理,客户管理;CRM:;Salesforce:;HubSpot:;SAP:;SAP MM:;SAP FICO:sap fi,sap co;ERP:;Oracle EBS:;用友:用友u8,用友nc,yonyou;金蝶:kingdee,金蝶k3;Sales:销售;Key Account Management:大客户销售,大客户管理;Channel Sales:渠道销售,渠道管理,渠道拓展;B2B Sales:;
Telemarketing:电话销售;Bidding:招投标,招标,投标,tendering;Pricing:定价;Marketing:市场营销;Digital Marketing:数字营销;Content Marketing:内容营销,内容运营;Social Media:社交媒体,新媒体运营,新媒体,社群经营,social media marketing;SEO:搜索引擎优化;SEM:竞价,google ads;
Brand Management:品牌管理,品牌策划;Event Planning:活动策划,event management,活动运营;Copywriting:文案,文案撰写,文案策划;User Growth:用户增长;User Operations:用户运营;Community Management:社群运营;E-commerce:电商,电商运营,电子商务,ecommerce;Livestreaming:直播运营,直播带货;
Email Marketing:;Public Relations:公关,公共关系;Advertising:广告投放,信息流广告;Accounting:会计,会计核算;Financial Analysis:财务分析;Financial Reporting:财务报表,财务报告;Financial Modeling:财务建模,financial modelling;Cost Accounting:成本核算,成本会计;
Cost Control:成本控制;Budgeting:预算,预算管理,budget management;Auditing:审计,audit;Internal Control:内控,内部控制;Taxation:税务,纳税申报,税务筹划,tax;Accounts Payable:应付账款;Accounts Receivable:应收账款;Treasury:资金管理;Bookkeeping:记账;IFRS:;US GAAP:gaap;QuickBooks:;
CPA:注册会计师;CFA:;ACCA:;Valuation:估值;Investment Analysis:投资分析;Risk Management:风险管理,风控;Compliance:合规;Equity Research:行业研究;Due Diligence:尽职调查,尽调;Bloomberg:彭博;Wind:万得;Recruitment:招聘,recruiting,talent acquisition;
Human Resources:人力资源,人力资源管理,hr;Training and Development:培训,培训与开发;Performance Management:绩效管理,绩效考核;Compensation and Benefits:薪酬,薪酬福利,薪酬管理;Employee Relations:员工关系;Onboarding:入职管理;Payroll:工资核算;HRIS:workday,hr系统;
Organizational Development:组织发展,企业文化;Labor Law:劳动法;Interviewing:面试;Administration:行政管理,行政;Procurement:采购,采购管理,战略采购,strategic sourcing;Supply Chain Management:供应链管理,供应链,supply chain;Supplier Management:供应商管理,供应商开发,vendor management;
Inventory Management:库存管理,仓储管理,inventory control;Logistics:物流,物流管理;WMS:;Customs Clearance:报关;Import and Export:进出口;Foreign Trade:外贸;S&OP:;Contract Management:合同管理;Contract Law:合同法;Legal Research:;Intellectual Property:知识产权;Translation:翻译
`
const CRAFTS = `
Figma:;Sketch:;Adobe XD:;Axure:axure rp;墨刀:;XMind:;Photoshop:adobe photoshop,ps;Illustrator:adobe illustrator;InDesign:adobe indesign;After Effects:adobe after effects;Premiere:adobe premiere,premiere pro,pr剪辑;Final Cut Pro:;DaVinci Resolve:达芬奇;Lightroom:;CorelDRAW:;
Cinema 4D:c4d;Blender:;Maya:;3ds Max:3dmax;SketchUp:;UI Design:ui设计,user interface design,界面设计;UX Design:ux设计,交互设计,interaction design,用户体验设计,ux;Graphic Design:平面设计;Visual Design:视觉设计;Brand Design:品牌设计;Illustration:插画;Video Editing:视频剪辑,剪辑;
Photography:摄影;Design Systems:设计系统,设计规范,design system;Wireframing:wireframes;Usability Testing:可用性测试;Accessibility:无障碍,wcag;Motion Design:动效设计,动效;Typography:;AutoCAD:cad;SolidWorks:solid works;CATIA:;Creo:pro/e,proe;UG NX:ug,siemens nx;Inventor:;
ANSYS:;Abaqus:;Finite Element Analysis:有限元分析,有限元,fea;CFD:fluent;GD&T:形位公差;Mechanical Design:机械设计;Mold Design:模具设计;Sheet Metal:钣金;CNC:数控,数控加工;Injection Molding:注塑;3D Printing:3d打印;Welding:焊接;HVAC:暖通;Revit:;BIM:;ETABS:;STAAD.Pro:;
Structural Analysis:结构分析;Civil 3D:autocad civil 3d;Primavera P6:primavera;Construction Management:施工管理;Cost Estimation:造价,工程造价;广联达:;Altium Designer:altium;Cadence:;PCB Design:pcb,pcb设计;Circuit Design:电路设计,模拟电路,数字电路;LabVIEW:;Simulink:;Signal Processing:信号处理,dsp;
Power Electronics:电力电子;Automation:自动化,工业自动化;Robotics:机器人;Process Improvement:工艺改进,流程优化,process optimization;Process Engineering:工艺工程;Quality Control:质量控制,品控,质检,qc;Quality Management:质量管理;ISO 9001:iso9001;IATF 16949:iatf16949;FMEA:;SPC:;APQP:;PPAP:;
HACCP:;GMP:;GCP Trials:药物临床试验质量管理规范;5S:5s管理;EHS:安全生产;Product Development:产品开发,新产品开发;Patient Care:病人护理,患者护理;Nursing:护理,临床护理;Intravenous Therapy:静脉治疗,静脉输液,iv therapy;Emergency Care:急救,急救复苏,急诊;CPR:心肺复苏,bls;ICU:重症监护,intensive care,critical care;
Wound Care:伤口护理;Medication Administration:给药;Infection Control:感染控制,院感;PICC:picc维护;Rehabilitation:康复;Electronic Health Records:ehr,电子病历,epic ehr,emr;Phlebotomy:采血;Triage:分诊;Health Education:健康宣教,patient education;Clinical Trials:临床试验,clinical research;
Medical Devices:医疗器械;Pharmacology:药理;Teaching:教学,授课;Curriculum Design:课程设计,课程开发,curriculum development;Classroom Management:班级管理;Tutoring:辅导;Public Speaking:演讲;Writing:写作;Editing:编辑;Research:科研;Laboratory Techniques:实验技能;PCR:;HPLC:;GIS:arcgis;Forklift Operation:叉车,叉车证;
English:英语,英文;Mandarin:普通话,mandarin chinese,国语;Cantonese:粤语;Japanese:日语,日文;Korean:韩语;German:德语;French:法语;Spanish:西班牙语;Russian:俄语;CET-6:英语六级,大学英语六级,cet6;CET-4:英语四级,大学英语四级,cet4
`

export type SkillEntry = { name: string; aliases: string[] }

/** All entries, in the order of the list; aliases are in lower case and hold the name itself. */
export function skillEntries(): SkillEntry[] {
  return [SOFTWARE, DATA, BUSINESS, CRAFTS]
    .flatMap((group) => group.split(/[;\n]+/))
    .map((part) => /^([^:]+):(.*)$/.exec(part.trim()))
    .filter((match) => match !== null)
    .map(([, name = '', aliases = '']) => ({ name, aliases: [name.toLowerCase(), ...aliases.split(',').filter(Boolean)] }))
}
